import os

SECRET_KEY = os.environ.get("SECRET_KEY", "not-a-secret: this example keeps no sessions")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_of_ours.urls"
INSTALLED_APPS = ["django.contrib.staticfiles"]
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]
STATIC_URL = "/static/"
STATICFILES_DIRS = ["assets"]
STATIC_ROOT = "static"

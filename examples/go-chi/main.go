// A server that says hello.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"
)

func main() {
	router := chi.NewRouter()
	router.Get("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(answer, "hello from Go")
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), router))
}

package example

import io.javalin.Javalin

fun main() {
  val port = System.getenv("PORT")?.toInt() ?: 8080
  Javalin.create()
    .get("/") { it.result("hello from Javalin") }
    .start(port)
}

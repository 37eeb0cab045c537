package example.web;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application {
  @GetMapping("/")
  String greet() {
    return "hello from Spring Boot";
  }

  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }
}

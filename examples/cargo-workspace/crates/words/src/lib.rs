pub fn greet(from: &str) -> String {
    format!("hello from {from}\n")
}

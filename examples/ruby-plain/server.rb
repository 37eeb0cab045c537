# A server of Ruby's own library: a thread for each visitor.
require "socket"

server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT")))
Signal.trap("TERM") { exit }

loop do
  Thread.new(server.accept) do |visitor|
    visitor.gets
    body = "hello from Ruby #{RUBY_VERSION}\n"
    visitor.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
  ensure
    visitor.close
  end
end

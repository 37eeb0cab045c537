defmodule Web do
  @moduledoc "A server of Erlang's own library: a process for each visitor."
  use Application

  @impl true
  def start(_type, _args) do
    children = [{Task.Supervisor, name: Web.Visitors}, {Task, &listen/0}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end

  defp listen do
    port = String.to_integer(System.get_env("PORT", "8080"))
    {:ok, socket} = :gen_tcp.listen(port, [:binary, packet: :http_bin, active: false, reuseaddr: true])
    accept(socket)
  end

  defp accept(socket) do
    {:ok, visitor} = :gen_tcp.accept(socket)
    {:ok, _pid} = Task.Supervisor.start_child(Web.Visitors, fn -> answer(visitor) end)
    accept(socket)
  end

  defp answer(visitor) do
    {:ok, {:http_request, _method, _path, _version}} = :gen_tcp.recv(visitor, 0, 5_000)
    body = "hello from Elixir\n"
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: #{byte_size(body)}\r\nconnection: close\r\n\r\n"
    :ok = :gen_tcp.send(visitor, head <> body)
    :gen_tcp.close(visitor)
  end
end

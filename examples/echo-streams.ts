/**
 * Echo by streams, as PHP's `stream_socket_server` and `stream_copy_to_stream` do it: the server's connection is a pair
 * of streams, and what can be read from one is piped into the other. The C way: echo-streams-c.ts.
 *
 *     npx tsx examples/echo-streams.ts
 */
import { type Host, Network } from "../src/index.ts"; // in a program of yours: from "netwright"

const PORT = 8000;

async function server(host: Host): Promise<void> {
  const listener = host.create_server({ address: "", port: PORT });
  const [connection, peer] = await listener.accept();
  console.log(`accepted ${peer.address}`);
  await connection.readable.pipeTo(connection.writable); // until the client shuts down its side
  console.log("end of stream");
  await connection.close();
  await listener.close();
}

async function client(host: Host): Promise<void> {
  const socket = await host.create_connection({ address: "server", port: PORT });
  const writer = socket.writable.getWriter();
  for (const line of ["one\n", "two\n", "three\n"]) await writer.write(line);
  await writer.close();
  let answer = "";
  for await (const chunk of socket.readable.pipeThrough(new TextDecoderStream())) answer += chunk;
  console.log(`echoed: ${JSON.stringify(answer)}`);
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("client");
const b = net.host("server");
net.link(a, b, { latency: 10 });
await net.run(() => Promise.all([server(b), client(a)]));
await net.idle(); // the last packets arrive, and TIME-WAIT ends

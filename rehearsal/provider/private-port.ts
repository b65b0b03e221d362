import { once } from "node:events";
import { createServer } from "node:net";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { admit } from "../connection-owners.ts";

export interface PrivatePort {
  readonly port: number;
  close(): void;
}

/**
 * Serves gRPC on a free port of the host to processes of our own user alone. The engine attaches to a port without a
 * credential, so the kernel's word for who has connected is all there is to go by.
 */
export async function listenPrivately(server: Server, host: string): Promise<PrivatePort> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    void admit(socket).then((admitted) => {
      if (!admitted) return;
      injector.injectConnection(socket);
      socket.resume();
    });
  });
  listener.listen(0, host);
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error(`${host}: no port`);
  return { port: address.port, close: () => void listener.close() };
}

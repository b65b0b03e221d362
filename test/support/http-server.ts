import { createServer, type RequestListener, type ServerOptions } from "node:http";

/** A server on a free loopback port, for one test file. */
export interface HttpServer {
  /** With a slash at its end. */
  readonly url: string;
  /** Ends it with whatever it still holds open. */
  close(): Promise<void>;
}

export async function serveHttp(answer: RequestListener, options: ServerOptions = {}): Promise<HttpServer> {
  const server = createServer(options, answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

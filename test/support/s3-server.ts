import { spawn } from "node:child_process";
import { toolPath } from "./tool.ts";

/** A server of S3's protocol with one bucket in memory, for one test file. */
export interface S3Server {
  /** As `pulumi login` takes it. */
  readonly backendUrl: string;
  /** What whoever asks it must have in the environment. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const BUCKET = "sparki-state";

/** Starts it on a free loopback port; rejects with what it said when it does not start. */
export async function serveS3(): Promise<S3Server> {
  const args = ["-backend", "memory", "-host", "127.0.0.1:0", "-initialbucket", BUCKET];
  const server = spawn(toolPath("gofakes3"), args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => server.on("close", resolve));
  let said = "";
  const port = await new Promise<string>((resolve, reject) => {
    server.on("error", reject);
    server.on("close", () => reject(new Error(`gofakes3 ended: ${said}`)));
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-4000);
      const found = /using port: (\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const query = new URLSearchParams({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    use_path_style: "true",
  });
  return {
    backendUrl: `s3://${BUCKET}?${query}`,
    environment: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    close: async () => {
      server.kill();
      await ended;
    },
  };
}

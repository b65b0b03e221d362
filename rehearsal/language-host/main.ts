import { stopProgram } from "./program.ts";
import { serveLanguage } from "./server.ts";

// The engine reads the port from the first line of stdout.
process.stdout.write(`${await serveLanguage(process.argv.at(-1))}\n`);

// An engine that was killed could not end its host: the host's parent is another one then.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid === engine) return;
  stopProgram();
  process.exit();
}, 1000).unref();

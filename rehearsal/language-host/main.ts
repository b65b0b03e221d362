import { serveLanguage } from "./server.ts";

// The engine reads the port from the first line of stdout.
process.stdout.write(`${await serveLanguage(process.argv.at(-1))}\n`);

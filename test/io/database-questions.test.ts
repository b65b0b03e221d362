import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersIn, outagesIn, questionsJob, watchJob } from "../../io/copy-questions.ts";

const questions = [
  { id: "level", sql: "SELECT max(level) FROM schema_migrations" },
  { id: "rows", sql: "SELECT count(*) FROM gone" },
  { id: "none", sql: "SELECT NULL" },
  { id: "odd", sql: "SELECT 'it''s * $HOME'" },
];
const job = questionsJob({ name: "drill-1", image: "ghcr.io/a/psql@sha256:1", host: "db.example", questions });

/** What stands in for psql: it answers by the statement, and tells what it was given. */
const PSQL = `#!/bin/sh
for last in "$@"; do :; done
statement=\${last#--command=}
case "$(cat /dev/fd/3 2>/dev/null <&3)" in *password=secret-password*) ;; *) echo 'FATAL:  28P01: password authentication failed'; exit 2;; esac
case $statement in
  "SELECT 1") [ -e "$READY" ] && { echo 1; exit 0; }; touch "$READY"; echo 'psql: error: timeout expired'; exit 2;;
  *max*) echo 3;;
  *gone*) printf 'ERROR:  42P01: relation "gone" does not exist\\nLINE 1: SELECT count(*) FROM gone\\n                  ^\\nLOCATION:  parserOpenTable, parse_relation.c:1449\\n' >&2; exit 1;;
  *NULL*) echo;;
  *) echo "it's * \\$HOME";;
esac
`;

describe("questionsJob", () => {
  it("asks read-only, as the application, over a verified connection, in a restricted pod", () => {
    const pod = job.spec?.template.spec;
    const [container] = pod?.containers ?? [];
    const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expect(environment).toMatchObject({ PGHOST: "db.example", PGSSLMODE: "verify-full" });
    expect(environment.PGOPTIONS).toContain("default_transaction_read_only=on");
    expect(pod).toMatchObject({
      serviceAccountName: "engine",
      automountServiceAccountToken: false,
      restartPolicy: "Never",
    });
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(job.metadata?.labels).toEqual({ "sparki.tools/job": "true" });
    expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600, ttlSecondsAfterFinished: 600 });
  });

  it("runs its script: waits until it is let in, and tells each answer by its number", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-questions-"));
    try {
      const secrets = join(folder, "secrets");
      mkdirSync(secrets);
      for (const name of ["username", "password"]) writeFileSync(join(secrets, name), `secret-${name}`);
      for (const [name, script] of Object.entries({ psql: PSQL, sleep: "#!/bin/sh\n" })) {
        writeFileSync(join(folder, name), script);
        chmodSync(join(folder, name), 0o755);
      }
      const [shell = "", flags = "", script = "", ...rest] = job.spec?.template.spec?.containers[0]?.command ?? [];
      const here = script.replaceAll("/mnt/secrets/database", secrets);
      const env = { PATH: `${folder}:${process.env.PATH}`, READY: join(folder, "ready") };
      const { status, stdout } = spawnSync(shell, [flags, here, ...rest], { env, encoding: "utf8", timeout: 60_000 });
      expect(status).toBe(0);
      expect(answersIn(stdout, questions)).toEqual([
        { id: "level", value: "3" },
        { id: "rows", problem: 'relation "gone" does not exist', sqlState: "42P01" },
        { id: "none", value: null },
        { id: "odd", value: "it's * $HOME" },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("answersIn", () => {
  it("reads only lines that are answers to what was asked", () => {
    const log = [
      "hello",
      "sparki-answer 0 ok 3",
      "sparki-answer 9 ok 1",
      "sparki-answer x ok 1",
      " sparki-answer 1 ok 1",
    ];
    expect(answersIn(log.join("\n"), questions)).toEqual([{ id: "level", value: "3" }]);
  });

  it("tells a refusal without a code as it was said", () => {
    expect(answersIn("sparki-answer 1 failed psql: error: server closed the connection", questions)).toEqual([
      { id: "rows", problem: "psql: error: server closed the connection", sqlState: "" },
    ]);
  });

  it("throws where the job never came in", () => {
    expect(() =>
      answersIn("sparki-answer reach failed FATAL:  28P01: password authentication failed", questions),
    ).toThrow(expect.objectContaining({ code: "SPARKI_OUTSIDE", message: expect.stringContaining("28P01") }));
  });
});

describe("watchJob", () => {
  const watch = watchJob({
    name: "drill-watch",
    image: "ghcr.io/a/psql@sha256:1",
    host: "db.example",
    deadlineSeconds: 900,
  });

  it("connects as the questions do, with a shorter patience, until its time is over", () => {
    const container = watch.spec?.template.spec?.containers[0];
    const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expect(environment).toMatchObject({ PGHOST: "db.example", PGSSLMODE: "verify-full", PGCONNECT_TIMEOUT: "3" });
    expect(watch.spec).toMatchObject({ activeDeadlineSeconds: 900, backoffLimit: 0 });
  });

  it("runs its script: tells each change between reached and not, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-watch-"));
    try {
      const secrets = join(folder, "secrets");
      mkdirSync(secrets);
      for (const name of ["username", "password"]) writeFileSync(join(secrets, name), `secret-${name}`);
      // The clock goes on by a second at each reading, and the twelfth sleep ends the script.
      const count = (file: string) =>
        `n=$(($(cat "${folder}/${file}" 2>/dev/null || echo 0) + 1)); echo $n > "${folder}/${file}"`;
      const scripts = {
        psql: `#!/bin/sh\n${count("asked")}\ncase $n in 1|2|6|7|8) exit 2;; *) echo 1;; esac\n`,
        sleep: `#!/bin/sh\n${count("slept")}\n[ $n -lt 12 ] || kill $PPID\n`,
        date: `#!/bin/sh\n${count("dated")}\necho $((1000 + n))\n`,
      };
      for (const [name, script] of Object.entries(scripts)) {
        writeFileSync(join(folder, name), script);
        chmodSync(join(folder, name), 0o755);
      }
      const [shell = "", flags = "", script = "", ...rest] = watch.spec?.template.spec?.containers[0]?.command ?? [];
      const here = script.replaceAll("/mnt/secrets/database", secrets);
      const env = { PATH: `${folder}:${process.env.PATH}` };
      const { stdout } = spawnSync(shell, [flags, here, ...rest], { env, encoding: "utf8", timeout: 60_000 });
      const lines = stdout.trimEnd().split("\n");
      expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
        ...["sparki-reach down", "sparki-reach up", "sparki-reach down", "sparki-reach up"],
      ]);
      const [outage] = outagesIn(lines, 0) ?? [];
      // Three tries failed, and the fourth was answered.
      expect((outage?.until ?? 0) - (outage?.from ?? 0)).toBe(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("outagesIn", () => {
  it.each<[string, string[], unknown]>([
    ["nobody ever reached it", ["sparki-reach down 5"], undefined],
    ["it says nothing", ["noise"], undefined],
    ["it was reached all the time", ["sparki-reach down 5", "sparki-reach up 9", "noise"], []],
    [
      "it broke off twice",
      ["sparki-reach up 1", "sparki-reach down 5", "sparki-reach up 9", "sparki-reach down 20", "sparki-reach up 21"],
      [
        { from: 5, until: 9 },
        { from: 20, until: 21 },
      ],
    ],
    ["it is still away", ["sparki-reach up 1", "sparki-reach down 5"], [{ from: 5, until: 30 }]],
  ])("reads the log where %s", (_, lines, expected) => {
    expect(outagesIn(lines, 30)).toEqual(expected);
  });
});

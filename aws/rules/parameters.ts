import { facts, type PostgresParameter } from "../facts.ts";
import { type Finding, wrong } from "../finding.ts";
import type { Inputs } from "../inputs.ts";

const SWITCH = ["0", "1", "on", "off", "true", "false", "yes", "no"];
const LEVELS = [
  "debug5",
  "debug4",
  "debug3",
  "debug2",
  "debug1",
  "info",
  "notice",
  "warning",
  "error",
  "log",
  "fatal",
  "panic",
];

/** Enumerations, which PostgreSQL does not tell of by itself. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  log_min_messages: LEVELS,
  log_min_error_statement: LEVELS,
  client_min_messages: ["debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"],
  log_error_verbosity: ["terse", "default", "verbose"],
  log_statement: ["none", "ddl", "mod", "all"],
  wal_compression: ["pglz", "lz4", "zstd", "on", "off", "0", "1"],
  default_transaction_isolation: ["serializable", "repeatable read", "read committed", "read uncommitted"],
  default_toast_compression: ["pglz", "lz4"],
  password_encryption: ["md5", "scram-sha-256"],
  ssl_min_protocol_version: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
  ssl_max_protocol_version: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
  track_functions: ["none", "pl", "all"],
  compute_query_id: ["auto", "regress", "on", "off"],
  synchronous_commit: ["local", "remote_write", "remote_apply", "on", "off"],
  intervalstyle: ["postgres", "postgres_verbose", "sql_standard", "iso_8601"],
  xmloption: ["content", "document"],
  bytea_output: ["escape", "hex"],
  plan_cache_mode: ["auto", "force_generic_plan", "force_custom_plan"],
  huge_pages: ["try", "on", "off", "true", "false", "yes", "no", "1", "0"],
  icu_validation_level: ["disabled", ...LEVELS],
  recovery_prefetch: ["try", "on", "off"],
  session_replication_role: ["origin", "replica", "local"],
  stats_fetch_consistency: ["none", "cache", "snapshot"],
  xmlbinary: ["base64", "hex"],
  "pgaudit.log_level": LEVELS,
  "pg_stat_statements.track": ["top", "all", "none"],
  "pg_stat_statements.track_utility": SWITCH,
  "pg_stat_statements.track_planning": SWITCH,
  "pg_stat_statements.save": SWITCH,
  "pgaudit.log_catalog": SWITCH,
  "pgaudit.log_client": SWITCH,
  "pgaudit.log_parameter": SWITCH,
  "pgaudit.log_relation": SWITCH,
  "pgaudit.log_rows": SWITCH,
  "pgaudit.log_statement": SWITCH,
  "pgaudit.log_statement_once": SWITCH,
  "auto_explain.log_analyze": SWITCH,
  "auto_explain.log_buffers": SWITCH,
  "auto_explain.log_nested_statements": SWITCH,
  "auto_explain.log_settings": SWITCH,
  "auto_explain.log_timing": SWITCH,
  "auto_explain.log_triggers": SWITCH,
  "auto_explain.log_verbose": SWITCH,
  "auto_explain.log_wal": SWITCH,
  "auto_explain.log_format": ["text", "xml", "json", "yaml"],
  "auto_explain.log_level": LEVELS,
  "cron.log_run": SWITCH,
  "cron.log_statement": SWITCH,
  "cron.use_background_workers": SWITCH,
  "pg_hint_plan.enable_hint": SWITCH,
  "pg_hint_plan.debug_print": ["off", "on", "detailed", "verbose", "0", "1", "2", "3"],
  constraint_exclusion: ["partition", "on", "off"],
  backslash_quote: ["safe_encoding", "on", "off"],
};

/** What RDS has beside PostgreSQL's own parameters: values or limits, and whether only a restart changes it. */
const RDS: Readonly<
  Record<
    string,
    { readonly values?: readonly string[]; readonly least?: number; readonly most?: number; readonly fixed?: boolean }
  >
> = {
  "rds.force_ssl": { values: ["0", "1"] },
  "rds.logical_replication": { values: ["0", "1"], fixed: true },
  "rds.log_retention_period": { least: 1440, most: 10_080 },
  "rds.force_autovacuum_logging_level": { values: ["disabled", ...LEVELS] },
  "rds.force_admin_logging_level": { values: ["disabled", ...LEVELS] },
  "rds.custom_dns_resolution": { values: ["0", "1"], fixed: true },
  "rds.adaptive_autovacuum": { values: ["0", "1"] },
  "rds.allowed_extensions": {},
  "rds.restrict_password_commands": { values: ["0", "1"], fixed: true },
  "rds.superuser_variables": {},
  "rds.accepted_password_auth_method": { values: ["md5+scram", "scram"] },
  "rds.rds_superuser_reserved_connections": { least: 0, most: 262_143, fixed: true },
  "rds.enable_plan_management": { values: ["0", "1"], fixed: true },
  "rds.delegated_extension_allow_drop_cascade": { values: ["0", "1", "on", "off"] },
  "rds.delegated_extensions": {},
  "rds.remote_plpgsql_connections": {},
  "rds.cross_region_replication": {},
  "rds.max_tcp_buffers": {},
};
/** Numbers of extensions. */
const NUMBERS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  "pg_stat_statements.max": [100, 2_147_483_647],
  "auto_explain.log_min_duration": [-1, 2_147_483_647],
  "auto_explain.log_parameter_max_length": [-1, 1_073_741_823],
  "auto_explain.sample_rate": [0, 1],
  "cron.max_running_jobs": [0, 1000],
  "hnsw.ef_search": [1, 1000],
  "ivfflat.probes": [1, 32_768],
};

const AUDITED = ["read", "write", "function", "role", "ddl", "misc", "misc_set", "all", "none"];
const isTimeZone = (value: string) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
};

const ENCODINGS =
  "big5 euccn eucjp eucjis2004 euckr euctw gb18030 gbk iso88595 iso88596 iso88597 iso88598 johab koi8r koi8u latin1 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 latin10 muleinternal sjis shiftjis2004 sqlascii uhc utf8 unicode win866 win874 win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258".split(
    " ",
  );

/** Texts that have a form of their own. */
const FORMS: Readonly<Record<string, readonly [fits: (value: string) => boolean, words: string]>> = {
  timezone: [isTimeZone, "a time zone, as UTC or Europe/Berlin"],
  log_timezone: [isTimeZone, "a time zone, as UTC or Europe/Berlin"],
  datestyle: [
    (value) => /^(iso|sql|postgres|german)?,?\s*(dmy|mdy|ymd|european|us|noneuropean)?$/i.test(value),
    "a style and an order, as ISO, MDY",
  ],
  "pgaudit.log": [
    (value) => value.split(",").every((each) => AUDITED.includes(each.trim().toLowerCase().replace(/^-/, ""))),
    `classes of statements: ${AUDITED.join(", ")}`,
  ],
  client_encoding: [
    (value) => ENCODINGS.includes(value.toLowerCase().replace(/[^a-z0-9]/g, "")),
    "an encoding of PostgreSQL's, as UTF8",
  ],
  log_destination: [
    (value) => value.split(",").every((each) => ["stderr", "csvlog", "jsonlog"].includes(each.trim())),
    "stderr, csvlog, jsonlog",
  ],
  log_filename: [
    (value) => /^postgresql\.log(\.%Y-%m-%d(-%H(%M)?)?)?$/.test(value),
    "postgresql.log.%Y-%m-%d, with -%H or -%H%M behind it",
  ],
};

/** Extensions that RDS lets have parameters of their own. */
const EXTENSIONS = [
  ..."apg_plan_mgmt auto_explain cron google_columnar_engine hint_plan ivfflat hnsw orafce pg_bigm pg_hint_plan".split(
    " ",
  ),
  ..."pg_prewarm pg_similarity pg_stat_monitor pg_stat_statements pg_tle pg_transport pg_trgm pgaudit pglogical".split(
    " ",
  ),
  ..."pgrowlocks pgtle plpgsql plprofiler plrust postgis postgres_fdw rdkit session_replication_role".split(" "),
  ..."tds_fdw track_functions vector wal2json log_fdw plv8 prefix pg_partman_bgw huge_pages aws_s3".split(" "),
];
/** Parameters of versions beside the one that PostgreSQL's own list is of, and those that only RDS's builds have. */
const OTHER_VERSIONS = [
  ..."autovacuum_worker_slots autovacuum_vacuum_max_threshold effective_io_concurrency extension_control_path".split(
    " ",
  ),
  ..."file_copy_method idle_replication_slot_timeout io_combine_limit io_max_combine_limit io_max_concurrency".split(
    " ",
  ),
  ..."io_method io_workers log_lock_failures max_active_replication_origins md5_password_warnings oauth_validator_libraries".split(
    " ",
  ),
  ..."old_snapshot_threshold promote_trigger_file ssl_groups track_cost_delay_timing vacuum_max_eager_freeze_failure_rate".split(
    " ",
  ),
  ..."vacuum_truncate vacuum_defer_cleanup_age db_user_namespace force_parallel_mode stats_temp_directory enable_self_join_elimination".split(
    " ",
  ),
  ..."enable_distinct_reordering operator_precedence_warning vacuum_cleanup_index_scale_factor wal_keep_segments replacement_sort_tuples".split(
    " ",
  ),
];
/** What RDS keeps to itself, among other things where files lie and who listens. */
const KEPT =
  /^(data_directory|config_file|hba_file|ident_file|external_pid_file|listen_addresses|unix_socket_.*|port|bonjour.*|archive_(command|library|cleanup_command)|restore_command|recovery_.*|primary_.*|log_directory|log_truncate_on_rotation|ssl_(cert|key|ca|crl)_file|ssl_crl_dir|cluster_name|event_source|fsync|wal_level|archive_mode|full_page_writes|allow_system_table_mods|krb_server_keyfile|dynamic_library_path|syslog_.*|zero_damaged_pages|ignore_.*|debug_.*|trace_.*)$/;
/** Libraries that RDS can load with the server. */
const LIBRARIES = [
  ..."auto_explain decoder_raw orafce pg_bigm pg_cron pg_hint_plan pg_prewarm pg_similarity pg_stat_statements pg_tle".split(
    " ",
  ),
  ..."pg_transport pgaudit pglogical pgactive pgaudit plprofiler plrust wal2json pg_partman_bgw rdsutils pg_stat_monitor".split(
    " ",
  ),
  ..."apg_plan_mgmt passwordcheck pgvector vector pg_ivm pgl_ddl_deploy hypopg pg_squeeze".split(" "),
];
const MOST_PERMISSIVE = Number.MAX_VALUE;

let loaded: ReadonlyMap<string, PostgresParameter> | undefined;

/** PostgreSQL's own parameters by their names in lower case, as RDS writes them. */
function ownParameters(): ReadonlyMap<string, PostgresParameter> {
  loaded ??= new Map(
    Object.entries(facts().catalog.postgresParameters).map(([name, each]) => [name.toLowerCase(), each]),
  );
  return loaded;
}

/** @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ParamValuesRef.html */
const VARIABLES = ["AllocatedStorage", "DBInstanceClassMemory", "DBInstanceVCPU", "EndPointPort", "TrueIfReplica"];
const FUNCTIONS = ["GREATEST", "LEAST", "SUM", "IF", "log"];
const NUMERIC = ["integer", "real"];
const FORMULA_WORDS = `a formula of ${VARIABLES.join(", ")}, as {DBInstanceClassMemory/9531392}`;

/** Whether a number is one that RDS computes: all names in its braces are variables of RDS's, those around them its functions. */
function isFormula(value: string): boolean {
  const braced = /\{[^{}]*\}/g;
  const names = (text: string) => text.match(/[A-Za-z]\w*|[{}]/g) ?? [];
  return (
    names((value.match(braced) ?? []).join(" ").replaceAll(/[{}]/g, " ")).every((name) => VARIABLES.includes(name)) &&
    names(value.replaceAll(braced, " ")).every((name) => FUNCTIONS.includes(name))
  );
}

/** What RDS refuses about one parameter of PostgreSQL. */
export function postgresParameter(it: Inputs): Finding[] {
  const [name, value, method] = [it.text("name"), it.text("value"), it.text("applyMethod") ?? "immediate"];
  if (name === undefined) return [];
  const fact = ownParameters().get(name.toLowerCase());
  const known = RDS[name];
  const isExtensions = EXTENSIONS.includes(name.split(".")[0] ?? "") && name.includes(".");
  if (fact === undefined && known === undefined && !isExtensions && !OTHER_VERSIONS.includes(name))
    return wrong(it, "name", "a parameter of PostgreSQL on RDS");
  if (KEPT.test(name)) return wrong(it, "name", "a parameter that RDS lets one change");
  if ((fact?.[1] === "restart" || known?.fixed === true) && method === "immediate")
    return wrong(it, "applyMethod", `pending-reboot: ${name} needs a restart`);
  if (value === undefined) return [];
  if (value.includes("{"))
    return fact === undefined || !NUMERIC.includes(fact[0]) || isFormula(value)
      ? []
      : wrong(it, "value", FORMULA_WORDS);
  if (name === "shared_preload_libraries" && value.split(",").some((each) => !LIBRARIES.includes(each.trim())))
    return wrong(it, "value", "libraries that RDS has");
  const form = FORMS[name.toLowerCase()];
  if (form !== undefined) return form[0](value) ? [] : wrong(it, "value", form[1]);
  const span = NUMBERS[name];
  if (span !== undefined)
    return /^-?\d+(\.\d+)?$/.test(value) && Number(value) >= span[0] && Number(value) <= span[1]
      ? []
      : wrong(it, "value", `${span[0]} to ${span[1]}`);
  const values = VALUES[name] ?? known?.values ?? (fact?.[0] === "boolean" ? SWITCH : undefined);
  if (values !== undefined) return values.includes(value) ? [] : wrong(it, "value", `one of ${values.join(", ")}`);
  const [least, most] = fact === undefined ? [known?.least, known?.most] : [fact[2] ?? undefined, fact[3] ?? undefined];
  const isNumber = fact?.[0] === "integer" || fact?.[0] === "real" || least !== undefined;
  if (!isNumber) return [];
  const number = Number(value);
  const fits = Number.isFinite(number) && number >= (least ?? -MOST_PERMISSIVE) && number <= (most ?? MOST_PERMISSIVE);
  const leastHere = LEAST_ON_RDS[name] ?? least;
  if (fits && number >= (leastHere ?? number) && (fact?.[0] !== "integer" || Number.isInteger(number))) return [];
  return wrong(it, "value", `${leastHere} to ${most}`);
}

/** Where RDS demands more than PostgreSQL. */
const LEAST_ON_RDS: Readonly<Record<string, number>> = {
  max_connections: 6,
  max_replication_slots: 5,
  max_wal_senders: 5,
};

const EVICTION = [
  ..."volatile-lru allkeys-lru volatile-lfu allkeys-lfu volatile-random allkeys-random volatile-ttl noeviction".split(
    " ",
  ),
];
const YES_NO = ["yes", "no"];
type CacheParameter = readonly [least: number, most: number] | readonly string[] | "text";
const COUNT: CacheParameter = [0, 4_294_967_295];
/** Redis's and Valkey's parameters on ElastiCache that can be changed. */
const CACHE: Readonly<Record<string, CacheParameter>> = {
  "acl-pubsub-default": ["allchannels", "resetchannels"],
  "acllog-max-len": [1, 10_000],
  "active-defrag-cycle-max": [1, 75],
  "active-defrag-cycle-min": [1, 75],
  "active-defrag-ignore-bytes": [1_048_576, Number.MAX_SAFE_INTEGER],
  "active-defrag-max-scan-fields": [1, 1_000_000],
  "active-defrag-threshold-lower": [1, 100],
  "active-defrag-threshold-upper": [1, 100],
  "active-expire-effort": [1, 10],
  activedefrag: YES_NO,
  activerehashing: YES_NO,
  appendfsync: ["always", "everysec", "no"],
  appendonly: YES_NO,
  "client-output-buffer-limit-normal-hard-limit": COUNT,
  "client-output-buffer-limit-normal-soft-limit": COUNT,
  "client-output-buffer-limit-normal-soft-seconds": COUNT,
  "client-output-buffer-limit-pubsub-hard-limit": COUNT,
  "client-output-buffer-limit-pubsub-soft-limit": COUNT,
  "client-output-buffer-limit-pubsub-soft-seconds": COUNT,
  "client-output-buffer-limit-slave-hard-limit": COUNT,
  "client-output-buffer-limit-slave-soft-limit": COUNT,
  "client-output-buffer-limit-slave-soft-seconds": COUNT,
  "client-output-buffer-limit-replica-hard-limit": COUNT,
  "client-output-buffer-limit-replica-soft-limit": COUNT,
  "client-output-buffer-limit-replica-soft-seconds": COUNT,
  "client-query-buffer-limit": [1_048_576, 1_073_741_824],
  "close-on-replica-write": YES_NO,
  "close-on-slave-write": YES_NO,
  "cluster-allow-pubsubshard-when-down": YES_NO,
  "cluster-allow-reads-when-down": YES_NO,
  "cluster-enabled": YES_NO,
  "cluster-require-full-coverage": YES_NO,
  "commandlog-execution-slower-than": [-1, Number.MAX_SAFE_INTEGER],
  "commandlog-large-reply-max-len": COUNT,
  "commandlog-large-request-max-len": COUNT,
  "commandlog-request-larger-than": [-1, Number.MAX_SAFE_INTEGER],
  "commandlog-reply-larger-than": [-1, Number.MAX_SAFE_INTEGER],
  "commandlog-slow-execution-max-len": COUNT,
  databases: [1, 10_000],
  "extended-redis-compatibility": YES_NO,
  "hash-max-listpack-entries": COUNT,
  "hash-max-listpack-value": COUNT,
  "hash-max-ziplist-entries": COUNT,
  "hash-max-ziplist-value": COUNT,
  "hll-sparse-max-bytes": [1, 16_000],
  "latency-monitor-threshold": COUNT,
  "latency-tracking": YES_NO,
  "lazyfree-lazy-eviction": YES_NO,
  "lazyfree-lazy-expire": YES_NO,
  "lazyfree-lazy-server-del": YES_NO,
  "lazyfree-lazy-user-del": YES_NO,
  "lfu-decay-time": COUNT,
  "lfu-log-factor": [1, 4_294_967_295],
  "list-compress-depth": COUNT,
  "list-max-listpack-size": [-5, 4_294_967_295],
  "list-max-ziplist-entries": COUNT,
  "list-max-ziplist-size": [-5, 4_294_967_295],
  "list-max-ziplist-value": COUNT,
  "lua-replicate-commands": YES_NO,
  "lua-time-limit": COUNT,
  "maxmemory-clients": "text",
  "maxmemory-policy": EVICTION,
  "maxmemory-samples": [1, 4_294_967_295],
  "min-replicas-max-lag": COUNT,
  "min-replicas-to-write": COUNT,
  "min-slaves-max-lag": COUNT,
  "min-slaves-to-write": COUNT,
  "notify-keyspace-events": "text",
  "proto-max-bulk-len": [1_048_576, 536_870_912],
  "rename-commands": "text",
  "repl-backlog-size": [16_384, Number.MAX_SAFE_INTEGER],
  "repl-backlog-ttl": COUNT,
  "repl-timeout": [11, 60],
  "replica-allow-chaining": YES_NO,
  "replica-ignore-maxmemory": YES_NO,
  "replica-lazy-flush": YES_NO,
  "reserved-memory": COUNT,
  "reserved-memory-percent": [0, 100],
  "search-fanout-target-mode": ["random", "primary"],
  "set-max-intset-entries": COUNT,
  "set-max-listpack-entries": COUNT,
  "set-max-listpack-value": COUNT,
  "slave-allow-chaining": YES_NO,
  "slowlog-log-slower-than": [-1, Number.MAX_SAFE_INTEGER],
  "slowlog-max-len": COUNT,
  "stream-node-max-bytes": COUNT,
  "stream-node-max-entries": COUNT,
  "tcp-keepalive": COUNT,
  timeout: [0, 4_294_967_295],
  "tracking-table-max-keys": [1, 100_000_000],
  "zset-max-listpack-entries": COUNT,
  "zset-max-listpack-value": COUNT,
  "zset-max-ziplist-entries": COUNT,
  "zset-max-ziplist-value": COUNT,
};

/** The families from which on there are parameters. */
export const CACHE_SINCE: Readonly<Record<string, number>> = {
  "acl-pubsub-default": 6,
  "acllog-max-len": 6,
  "active-expire-effort": 6,
  "tracking-table-max-keys": 6,
  "lazyfree-lazy-user-del": 6,
  "cluster-allow-reads-when-down": 6,
  "cluster-allow-pubsubshard-when-down": 7,
  "hash-max-listpack-entries": 7,
  "hash-max-listpack-value": 7,
  "latency-tracking": 7,
  "list-max-listpack-size": 7,
  "maxmemory-clients": 7,
  "set-max-listpack-entries": 7,
  "set-max-listpack-value": 7,
  "zset-max-listpack-entries": 7,
  "zset-max-listpack-value": 7,
  "stream-node-max-bytes": 5,
  "stream-node-max-entries": 5,
  activedefrag: 4,
  "lazyfree-lazy-eviction": 4,
  "lfu-decay-time": 4,
  "lfu-log-factor": 4,
};

/** What ElastiCache refuses about one parameter of Redis or Valkey. */
export function cacheParameter(it: Inputs): Finding[] {
  const [name, value] = [it.text("name"), it.text("value")];
  if (name === undefined) return [];
  const known = CACHE[name];
  if (known === undefined) return wrong(it, "name", "a parameter that ElastiCache lets one change");
  if (value === undefined || known === "text") return keyspaceEvents(it, name, value);
  if (isRange(known)) {
    const number = Number(value);
    const [least, most] = known;
    const fits = /^-?\d+$/.test(value) && number >= least && number <= most;
    if (fits && !(name === "timeout" && number > 0 && number < 20)) return [];
    return wrong(it, "value", name === "timeout" ? "0, or 20 and more" : `${least} to ${most}`);
  }
  return known.includes(value) ? [] : wrong(it, "value", `one of ${known.join(", ")}`);
}

function isRange(known: readonly [number, number] | readonly string[]): known is readonly [number, number] {
  return typeof known[0] === "number";
}

function keyspaceEvents(it: Inputs, name: string, value: string | undefined): Finding[] {
  return name === "notify-keyspace-events" && value !== undefined && !/^[KEg$lshzxetmdnA]*$/.test(value)
    ? wrong(it, "value", "letters that Redis knows")
    : [];
}

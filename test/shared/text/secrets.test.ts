import { createHash } from "node:crypto";
import { redacted, redactedLines, withoutSecrets } from "../../../shared/text/secrets.ts";

const HEX40 = "3fc4e1d09ab87766554433221100ffeeddccbbaa";
/** Put together here, so that who scans repositories for secrets does not take these for real ones. */
const joined = (...parts: readonly string[]) => parts.join("");
const RANDOM = "aB3dE5fG7hJ9kL1mN3pQ5rS7";
const AWS_SECRET = joined("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYEXAMPLEKEY");
const JWT = joined("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiJzcGFya2kifQ.", "c2lnbmF0dXJl-Zx_9");
const PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDJ2zX4uK0bP9aW";
const pem = (kind: string, line = "\n") =>
  [`-----BEGIN ${kind}-----`, PEM_BODY, "q8Zk3==", `-----END ${kind}-----`].join(line);

/** What stands in base64 or hex where people do not look for it. */
const ENCODED = [
  ["a pair of user and password", "sparki:hunter2-and-more"],
  ["a document", '{"user":"sparki","password":"hunter2??>>"}'],
  ["a key", pem("RSA PRIVATE KEY")],
  ["an address", "postgres://sparki:hunter2@db:5432/sparki"],
] as const;

const HEX = "0123456789abcdef0123456789abcdef01234567";

/** As `base64 -w` writes it. */
const wrapped = (text: string | Buffer, width: number, between = "\n") =>
  (
    Buffer.from(text)
      .toString("base64")
      .match(new RegExp(`.{1,${width}}`, "g")) ?? []
  ).join(between);
/** The begin of a key as PKCS #8 has it, and what follows. */
const KEY_BYTES = Buffer.concat([
  Buffer.from("308204bd020100300d06092a864886f70d0101010500048204a7308204a3", "hex"),
  ...Array.from({ length: 9 }, (_, index) => createHash("sha256").update(`${index}`).digest()),
]);
const RANDOM_BYTES = KEY_BYTES.subarray(30);

/** What a program may say, and what of it nobody may read. */
const SECRETS: readonly (readonly [what: string, text: string, ...hidden: string[]])[] = [
  ["a value before its name", '{"value":"hunter2","name":"DB_PASSWORD"}', "hunter2"],
  ["a value before its name in YAML", "- value: hunter2\n  name: DB_PASSWORD", "hunter2"],
  [
    "a value before its name in JSON in JSON",
    String.raw`"{\"value\":\"hunter2\",\"name\":\"DB_PASSWORD\"}"`,
    "hunter2",
  ],
  ["a value a line below its name in JSON", '{\n"password":\n"hunter2"\n}', "hunter2"],
  ["a sign as an escape of a language", String.raw`password\x3dhunter2`, "hunter2"],
  ["a sign as an octal escape", String.raw`password\075hunter2`, "hunter2"],
  ["a doubled quote of YAML", "password: 'it''s hunter2'", "it", "hunter2"],
  ["a variable of make", "DB_PASSWORD ?= hunter2", "hunter2"],
  ["a variable of make that grows", "DB_PASSWORD+=hunter2", "hunter2"],
  ["the variable of redis-cli", "REDISCLI_AUTH=hunter2", "hunter2"],
  ["the variable of sshpass", "SSHPASS=hunter2", "hunter2"],
  ["an option of redis-cli", "redis-cli -h cache --pass hunter2 PING", "hunter2"],
  ["a command that sets AWS's secret", `aws configure set aws_secret_access_key ${AWS_SECRET}`, AWS_SECRET],
  ["a patch of a Secret", "stringData:\n  db: hunter2\n  other: more", "hunter2", "more"],
  ["a patch of a Secret in JSON", '{"stringData":{"db":"hunter2"}}', "hunter2"],
  ["an address without its scheme", "see //sparki:hunter2@db/x", "hunter2"],
  ["Slack's address without its scheme", "POST hooks.slack.com/services/T0AB/B0CD/hunter2hunter2", "hunter2"],
  ["a JSON web token over two lines", `${JWT.replace(/\.(?=[^.]*$)/, ".\n  ")}aB3dE5fG7h`, "c2lnbmF0dXJl"],
  ["CSV", "id,user,password,host\n1,sparki,hunter2,db\n2,other,hunter3,db\n", "hunter2", "hunter3"],
  ["CSV in quotes", 'user,"db password"\nsparki,"hunter ""2, x"\n', "hunter", "2, x"],
  ["CSV whose last column has no name", "id,password,\n1,hunter2,", "hunter2"],
  ["CSV with semicolons", "user;Password\nsparki;hunter2", "hunter2"],
  ["columns with tabs", "user\tapi_token\nsparki\taB3dE5fG7hJ9kL1mN3pQ", "aB3dE5fG7hJ9kL1mN3pQ"],
  ["a table of psql", " user   | password \n--------+----------\n sparki | hunter2\n(1 row)", "hunter2"],
  ["a table of MySQL", "+---+---+\n| user | password |\n+---+---+\n| sparki | hunter2 |\n+---+---+", "hunter2"],
  ["a table of Markdown", "| user | password |\n|---|---|\n| sparki | `hunter2` |", "hunter2"],
  ["PostgreSQL's dump", "COPY public.users (id, email, password) FROM stdin;\n1\ta@b.c\thunter2\n\\.\n", "hunter2"],
  ["an escape in octal", String.raw`\160\141\163\163\167\157\162\144=hunter2`, "hunter2"],
  ["an escaped value in octal", String.raw`password=\150\165\156ter2`, "unter2", "150"],
  ["JSON", '{"level":"error","password":"hunter2","msg":"x"}', "hunter2"],
  ["JSON with blanks", '{ "db_password" : "hunter2" }', "hunter2"],
  ["JSON in JSON", String.raw`{"msg":"{\"password\":\"hunter2\",\"a\":1}"}`, "hunter2"],
  ["JSON in JSON in JSON", String.raw`"{\"a\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"`, "hunter2"],
  ["JSON with an escaped quote in the value", String.raw`{"password":"hun\"ter2","a":1}`, "hun", "ter2"],
  ["a number", '{"password":12345678}', "12345678"],
  ["a nested object", '{"password":{"current":"hunter2","old":["hunter1"]}}', "hunter2", "hunter1"],
  ["a list", '{"tokens":["aB3dE5fG7hJ9kL1mN3pQ"]}', "aB3dE5fG7hJ9kL1mN3pQ"],
  ["a header in a list", '{"headers":{"authorization":["Bearer abc.def"]}}', "abc.def"],
  ["a variable in a pod", '{"name":"DB_PASSWORD","value":"hunter2"}', "hunter2"],
  ["a variable in YAML", "- name: ENGINE_SECRET\n  value: hunter2", "hunter2"],
  ["a pair of an AWS tag", '{"Key":"apiToken","Value":"hunter2"}', "hunter2"],
  ["single quotes", "{'password': 'hunter2'}", "hunter2"],
  ["a dictionary of Python", "{'token': 'hunter2', 'n': 1}", "hunter2"],
  ["YAML", "password: hunter2", "hunter2"],
  ["YAML in quotes", 'dbPassword: "hunter 2"', "hunter 2"],
  ["Ruby", ":password => 'hunter2'", "hunter2"],
  ["Go", "{Password:hunter2 User:sparki}", "hunter2"],
  ["logfmt", "level=error token=hunter2 user=x", "hunter2"],
  ["logfmt in quotes", 'token="hun ter2" user=x', "hun ter2"],
  ["a variable of libpq", "PGPASSWORD=hunter2 psql", "hunter2"],
  ["a variable of MySQL", "MYSQL_PWD=hunter2", "hunter2"],
  ["a short variable", "DB_PASS=hunter2", "hunter2"],
  ["libpq's own string", "host=db user=sparki password=hun&ter2 sslmode=require", "hun&ter2"],
  ["a comma in a password", "password=hun,ter2", "hun", "ter2"],
  ["a bracket in a password", "password=hun)ter2 x", "hun", "ter2"],
  ["ODBC", "Server=db;Uid=sparki;Pwd=hunter2;Encrypt=yes", "hunter2"],
  ["a storage account", "DefaultEndpointsProtocol=https;AccountKey=aGVsbG8=;EndpointSuffix=x", "aGVsbG8="],
  ["a bus", "Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=aGVsbG8=", "aGVsbG8="],
  ["an option", "redis-server --requirepass hunter2 --port 1", "hunter2"],
  ["an option with a sign", "app --db-password=hunter2", "hunter2"],
  ["an option with a value apart", "app --api-token hunter2 --x", "hunter2"],
  ["options in a list", '["--password","hunter2"]', "hunter2"],
  ["a client's password", "mysql -usparki -phunter2 db", "hunter2"],
  ["curl", "curl -u sparki:hunter2 https://x", "hunter2"],
  ["a registry's login", "docker login -u sparki -p hunter2 ghcr.io", "hunter2"],
  ["Helm's login", 'helm registry login ghcr.io -u sparki -p "hunter2"', "hunter2"],
  [
    "an address that S3 signed",
    "307 to https://b.s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature=hunter2abc",
    "hunter2abc",
  ],
  ["an address that Azure signed", "https://a.blob.core.windows.net/c/b?sv=2022&sig=hunter2%3D", "hunter2%3D"],
  ["a sentence", "cannot log in with password hunter2 as sparki", "hunter2"],
  ["SQL", "ALTER USER sparki WITH PASSWORD 'hunter2'", "hunter2"],
  ["SQL of MySQL", "CREATE USER x IDENTIFIED BY 'hunter2'", "hunter2"],
  ["netrc", "machine x login sparki password hunter2", "hunter2"],
  ["Redis", "AUTH hunter2", "hunter2"],
  ["Redis with a user", "AUTH sparki hunter2", "hunter2"],
  ["Redis, watched", '1700000000.1 [0 127.0.0.1:1] "AUTH" "hunter2"', "hunter2"],
  ["Redis, hello", "> HELLO 3 AUTH default hunter2", "hunter2"],
  ["Redis's setting", "requirepass hunter2", "hunter2"],
  ["Redis's other setting", "CONFIG SET masterauth hunter2", "hunter2"],
  ["an address", "postgres://sparki:hunter2@db:5432/sparki", "hunter2"],
  ["an address with @", "postgres://sparki:p@ss@db:5432/x", "p@ss", "ss@"],
  ["an address with /", "postgres://sparki:p/ss@db:5432/x", "p/ss", "ss@"],
  ["an address with #", "amqp://sparki:p#ss@mq", "p#ss", "ss@"],
  ["an address with ?", "https://sparki:p?ss@host/x", "p?ss", "ss@"],
  ["an address with digits and /", "redis://sparki:12/34@cache:6379", "12/34"],
  ["an address of several hosts", "mongodb+srv://sparki:hunter2@a:1,b:2/x", "hunter2"],
  ["an address without a user", "rediss://:hunter2@cache:6379", "hunter2"],
  ["an address with a quote in its password", "postgres://sparki:hun'ter2@db", "hun"],
  ["a token as user", `https://${RANDOM}@github.com/x/y`, RANDOM],
  ["two addresses", "redis://a:hunter1@x,redis://b:hunter2@y", "hunter1", "hunter2"],
  ["Go's driver of MySQL", "sparki:hunter2@tcp(db:3306)/x", "hunter2"],
  ["an address without a scheme", "dial sparki:hunter2@db:5432", "hunter2"],
  ["a query", `https://x/y?a=1&access_token=hunter2&b=2`, "hunter2"],
  ["a key in a query", `https://x/y?key=${RANDOM}&b=2`, RANDOM],
  ["a signed address", `https://b.s3.amazonaws.com/k?X-Amz-Signature=${"ab12".repeat(16)}&x=1`, "ab12ab12"],
  ["percent encoded", "password%3Dhunter2", "hunter2"],
  ["HTML encoded", "&quot;password&quot;:&quot;hunter2&quot;", "hunter2"],
  ["Unicode escapes", String.raw`password\u003dhunter2`, "hunter2"],
  ["Slack's webhook", "https://hooks.slack.com/services/T0/B0/x1", "T0/B0"],
  ["Slack's workflow", "https://hooks.slack.com/triggers/T0/1/abc", "abc"],
  ["Discord's webhook", `https://discord.com/api/webhooks/123456789/${RANDOM}`, RANDOM],
  ["Teams' webhook", `https://x.webhook.office.com/webhookb2/${"0f".repeat(9)}@x/IncomingWebhook/y/z`, "0f0f"],
  ["PagerDuty's address", `https://events.pagerduty.com/integration/${HEX40}/enqueue`, HEX40],
  ["an authorization header", "Authorization: Bearer abc", "abc"],
  ["a basic one", "authorization: Basic c3Bhcmtp", "c3Bhcmtp"],
  ["one of another scheme", "Authorization: Token token=abc9", "abc9"],
  ["one of a proxy", "Proxy-Authorization: Basic c3Bhcmtp", "c3Bhcmtp"],
  ["one of AWS", "Authorization: AWS4-HMAC-SHA256 Credential=x/y, Signature=abcdef", "abcdef"],
  ["curl's header", `curl -H 'Authorization: Bearer abc9' https://x`, "abc9"],
  ["a bearer alone", "sent Bearer abc9def0", "abc9def0"],
  ["a basic one alone", `sent Basic ${Buffer.from("sparki:hunter2").toString("base64")}`, "c3Bhcmtp"],
  ["a cookie", "Cookie: a=b1; sid=c2", "b1", "c2"],
  ["a cookie that is set", "set-cookie: sid=abc; Path=/", "abc"],
  ["a header of a key", "X-Api-Key: hunter2", "hunter2"],
  ["a header of Vault", "X-Vault-Token: hunter2", "hunter2"],
  ["a header of GitLab", "PRIVATE-TOKEN: hunter2", "hunter2"],
  ["npm's own file", "//registry.npmjs.org/:_authToken=hunter2", "hunter2"],
  ["Docker's own file", '{"auths":{"ghcr.io":{"auth":"c3Bhcmtp0A=="}}}', "c3Bhcmtp0A"],
  ["a JWT", `user ${JWT} came`, JWT, "c2lnbmF0dXJl"],
  ["AWS's key", joined("AKIA", "IOSFODNN7EXAMPLE"), "IOSFODNN7EXAMPLE"],
  ["AWS's other key", joined("ASIA", "IOSFODNN7EXAMPLE"), "IOSFODNN7EXAMPLE"],
  ["AWS's pair", `${joined("AKIA", "IOSFODNN7EXAMPLE")} ${AWS_SECRET}`, AWS_SECRET, "bPxRfiCY"],
  ["AWS's secret", `aws_secret_access_key = ${AWS_SECRET}`, AWS_SECRET],
  ["AWS's session", `"SessionToken": "IQoJb3JpZ2luX2VjEAA"`, "IQoJb3JpZ2lu"],
  ["AWS's session alone", `got ${joined("IQoJb3JpZ2lu", "X2VjEAAaCXVzLWVhc3QtMSJ")} back`, "X2VjEAA"],
  ...(
    [
      ["Slack", "xoxb-", "1111-2222-abcdEFGH"],
      ["Slack", "xoxp-", "1111-2222-abcdEFGH"],
      ["Slack", "xapp-", "1-A1-2-abc"],
      ["Slack", "xoxe.xoxp-", "1-abcdEFGH"],
      ["GitHub", "ghp_", RANDOM],
      ["GitHub", "gho_", RANDOM],
      ["GitHub", "ghs_", RANDOM],
      ["GitHub", "github_pat_", RANDOM],
      ["GitLab", "glpat-", RANDOM],
      ["GitLab", "gldt-", RANDOM],
      ["OpenAI", "sk-", RANDOM],
      ["OpenAI", "sk-proj-", RANDOM],
      ["Anthropic", "sk-ant-api03-", RANDOM],
      ["Stripe", "sk_live_", RANDOM],
      ["Stripe", "rk_test_", RANDOM],
      ["Stripe", "whsec_", RANDOM],
      ["Twilio", "SK", "0123456789abcdef0123456789abcdef"],
      ["SendGrid", "SG.", `${RANDOM}.${RANDOM}`],
      ["npm", "npm_", RANDOM],
      ["PyPI", "pypi-", RANDOM],
      ["Docker", "dckr_pat_", RANDOM],
      ["Pulumi", "pul-", HEX40],
      ["Google", "AIza", RANDOM],
      ["Vault", "hvs.", RANDOM],
      ["DigitalOcean", "dop_v1_", HEX40],
      ["Grafana", "glsa_", RANDOM],
      ["Hugging Face", "hf_", RANDOM],
      ["Linear", "lin_api_", RANDOM],
      ["an issuer that nobody knows", "abcd_", RANDOM],
      ["Tailscale", "tskey-auth-", RANDOM],
      ["Shopify", "shpat_", HEX40],
      ["age", "AGE-SECRET-KEY-1", "QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"],
    ] as const
  ).map(([who, prefix, rest]) => [`a token of ${who}`, `failed with ${joined(prefix, rest)}.`, rest] as const),
  ["a private key", pem("RSA PRIVATE KEY"), PEM_BODY, "q8Zk3"],
  ["an OpenSSH key", pem("OPENSSH PRIVATE KEY"), PEM_BODY],
  ["a key in JSON", `{"key":"${pem("PRIVATE KEY", String.raw`\n`)}"}`, PEM_BODY],
  ["a key with Windows' line ends", pem("EC PRIVATE KEY", "\r\n"), PEM_BODY],
  ["a key that is cut off", `x\n-----BEGIN PRIVATE KEY-----\n${PEM_BODY}\nq8Zk3==\nlast words`, PEM_BODY, "q8Zk3"],
  ["a key that begins before", `${PEM_BODY}\nq8Zk3==\n-----END PRIVATE KEY-----\nx`, PEM_BODY, "q8Zk3"],
  ["a key among others", `${pem("CERTIFICATE")}\n${pem("PRIVATE KEY")}`, `PRIVATE KEY-----\n${PEM_BODY}`],
  ["words around", "the password is hunter2, said the log", "hunter2"],
  ["an API's key in words", "api key: hunter2", "hunter2"],
  ["a client's secret", "client_secret=hunter2&grant_type=x", "hunter2"],
  ["a passphrase", "PULUMI_CONFIG_PASSPHRASE=hunter2", "hunter2"],
  ["a session", "JSESSIONID=hunter2", "hunter2"],
  ["another language", "Passwort: hunter2", "hunter2"],
  ...["base64", "base64url", "hex"].flatMap((encoding) => {
    const encoded = (text: string) =>
      Buffer.from(text).toString(encoding === "hex" ? "hex" : encoding === "base64" ? "base64" : "base64url");
    return ENCODED.map(
      ([what, text]) => [`${what} in ${encoding}`, `read ${encoded(text)} there`, encoded(text)] as const,
    );
  }),
  [
    "base64 in base64",
    Buffer.from(Buffer.from('{"password":"hunter2"}').toString("base64")).toString("base64"),
    "ZXlK",
  ],
  [
    "a pod's configuration of Docker",
    `.dockerconfigjson: ${Buffer.from('{"auths":{"x":{"auth":"c3Bhcmtp0A=="}}}').toString("base64")}`,
    "eyJhdXRoc",
  ],
  [
    "base64 over lines",
    (
      Buffer.from(`{"password":"hunter2","more":"${"x".repeat(90)}"}`)
        .toString("base64")
        .match(/.{1,76}/g) ?? []
    ).join("\n"),
    "eyJwYXNz",
  ],
  [
    "a client's key in a kubeconfig",
    `client-key-data: ${Buffer.from(pem("RSA PRIVATE KEY")).toString("base64")}`,
    "LS0tLS1CRUdJTiBSU0E",
  ],
  [
    "a release of Helm",
    `release: ${joined("H4sI", "AAAAAAAAA6tWKkktLlGyUlAqS8wpTtVRUCpILC4uzy9KUbJSMDIwMlOqBQCX0xPdJQAAAA==")}`,
    "AAAAAA6tW",
  ],
  ["escaped letters in a name", String.raw`{"pass\u0077ord":"hunter2"}`, "hunter2"],
  ["a name in letters of another width", "ｐａｓｓｗｏｒｄ=hunter2", "hunter2"],
  ...[
    ["Cyrillic", "p\u0430ssw\u043erd"],
    ["Greek", "passw\u03bfrd"],
    ["Armenian", "passw\u0585rd"],
    ["small capital", "\u1d18\u1d00\ua731\ua731\u1d21\u1d0f\u0280\u1d05"],
    ["dotless", "ap\u0131key"],
    ["mathematical", "\u{1d429}\u{1d41a}\u{1d42c}\u{1d42c}\u{1d430}\u{1d428}\u{1d42b}\u{1d41d}"],
    ["Cyrillic, in another name", "s\u0435cr\u0435t_k\u0435y"],
    ["digits for", "p4ssw0rd"],
  ].map(([which, name]) => [`a name in ${which} letters that look alike`, `${name}=hunter2`, "hunter2"] as const),
  ...[
    ...["пароль", "密码", "パスワード", "비밀번호", "mot de passe", "motdepasse", "contraseña", "wachtwoord"],
    ...["hasło", "lösenord", "şifre", "heslo", "jelszó", "lozinka"],
  ].map((name) => [`a name of another language, ${name}`, `${name}: hunter2`, "hunter2"] as const),
  ...["＝", "：", "꞉ ", " -> ", " → ", "=>\n  "].map(
    (sign) =>
      [`a name and a value with ${JSON.stringify(sign)} between them`, `password${sign}hunter2`, "hunter2"] as const,
  ),
  ...[
    ...[String.raw`\x70assword`, String.raw`\u{70}assword`, String.raw`\U00000070assword`],
    ...["%70assword", "&#112;assword", "&#x70;assword"],
  ].map((name) => [`a name with an escaped letter, ${name}`, `${name}=hunter2`, "hunter2"] as const),
  ["a value of Rust", 'Config { password: Some("hunter2"), x: 1 }', "hunter2"],
  ["bytes of Python", "password=b'hunter2'", "hunter2"],
  ["a value of a type of its own", 'api_token = SecretStr("hunter2")', "hunter2"],
  ["a dump of PHP", '["password"]=>\n  string(7) "hunter2"', "hunter2"],
  ["a row of a table", "| password | hunter2 |", "hunter2"],
  ["an element of XML as it stands", "<password><![CDATA[hunter2]]></password>", "hunter2"],
  ["an element of XML over lines", "<password>\n  hunter2\n</password>", "hunter2"],
  ["a list of properties", "<key>password</key>\n<string>hunter2</string>", "hunter2"],
  ["a text that ends by a word", "password = <<EOT\nhunter2\nhunter3\nEOT\nx", "hunter2", "hunter3"],
  ["one of a shell", 'export DB_PASSWORD="$(cat <<-E\nhunter2\nE\n)"', "hunter2"],
  ["a field of a form", 'Content-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--x', "hunter2"],
  ["columns of SQL", "INSERT INTO users (name, password) VALUES ('a', 'hun''ter2')", "hun", "ter2"],
  ["a key of PostgreSQL", "DETAIL:  Key (id, api_token)=(1, hunter2) already exists.", "hunter2"],
  ["what a statement was given", "DETAIL:  parameters: $1 = 'a', $2 = 'hunter2'", "hunter2"],
  ["an address that is escaped as a whole", "https://sparki%3Ahunter2%40db/x", "hunter2"],
  ["a key store", "keytool -storepass hunter2 -list", "hunter2"],
  ["MongoDB's client", "mongosh -u sparki -p hunter2", "hunter2"],
  ["a client of LDAP", "ldapsearch -D cn=a -w hunter2 -b x", "hunter2"],
  ["a file of a web server", "htpasswd -b users sparki hunter2", "hunter2"],
  ["HTTPie", "http -a sparki:hunter2 GET x", "hunter2"],
  ["a share of Windows", String.raw`net use x: \\host\share hunter2 /user:a`, "hunter2"],
  ["a name in two words", '{"pass word":"hunter2"}', "hunter2"],
  ["a short name", "db_pw=hunter2", "hunter2"],
  ["words that recover a wallet", "mnemonic: hunter2", "hunter2"],
  ["a block of YAML", "password: |\n  hunter2\n  hunter3\nother: x", "hunter2", "hunter3"],
  ["a folded block of YAML", "a:\n  apiToken: >-\n    hunter2\n  b: x", "hunter2"],
  ["a value of YAML on the next line", "password:\n  hunter2\nx: y", "hunter2"],
  ["a value of JSON on the next line", '{\n  "password":\n    "hunter2",\n  "x": 1\n}', "hunter2"],
  ["a variable whose value is a block", "- name: DB_PASSWORD\n  value: |\n    hunter2", "hunter2"],
  [
    "a Secret of Kubernetes",
    "apiVersion: v1\ndata:\n  foo: aHVudGVyMg==\n  bar: |\n    eA==\nkind: Secret\nmetadata:\n  name: x",
    "aHVudGVyMg==",
    "eA==",
  ],
  ["a Secret as it is written", "kind: Secret\nstringData:\n  foo: hunter2", "hunter2"],
  ["a Secret in JSON", '{"kind":"Secret","data":{"foo":"aHVudGVyMg==","bar":"eA=="}}', "aHVudGVyMg==", "eA=="],
  [
    "a Secret in a text of JSON",
    String.raw`{"last":"{\"data\":{\"foo\":\"aHVudGVyMg==\"},\"kind\":\"Secret\"}"}`,
    "aHVudGVyMg==",
  ],
  ["an element of XML", "<ns:dbPassword type='x'>hunter2</ns:dbPassword>", "hunter2"],
  ["a password file of PostgreSQL", "db.example:5432:sparki:sparki:hunter2", "hunter2"],
  ["one for every host", "*:*:*:sparki:hunter2", "hunter2"],
  ["a text of SQL with escapes", String.raw`ALTER USER a PASSWORD E'hun\'ter2'`, "hun", "ter2"],
  ["a sentence with a colon", "the db password is: hunter2", "hunter2"],
  ["Oracle's driver", "jdbc:oracle:thin:scott/hunter2@//db:1521/x", "hunter2"],
  ["an address with a blank in its password", "postgres://sparki:hun ter2@db/x", "hun", "ter2"],
  ["a digest of a user's password", 'Proxy-Authorization: Digest username="a", response="abcdef"', "abcdef"],
  ["what a client sends to Redis", String.raw`*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n`, "hunter2"],
  ["PuTTY's key", "Private-Lines: 2\nAAAAgQDf\nq8Zk3==\nPrivate-MAC: x", "AAAAgQDf", "q8Zk3"],
  ["a password's hash", joined("$2b", "$12$", "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"), "R9h/cIPz"],
  [
    "a shadowed password",
    joined(
      "root:$6",
      "$salt$",
      "IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.:19000",
    ),
    "IxDD3",
  ],
  [
    "PostgreSQL's verifier",
    joined("SCRAM-SHA-256", "$4096:c2FsdHNhbHQ=$", "c3RvcmVk:c2VydmVy"),
    "c3RvcmVk",
    "c2VydmVy",
  ],
  ["array access", `env["API_SECRET"] = "hunter2"`, "hunter2"],
  ["a text between three quotes", 'secret_key = """hunter2"""', "hunter2"],
  ["an equals sign that is escaped twice", "/x?password%253Dhunter2", "hunter2"],
  ["a name with marks on its letters", "passwo\u0301rd=hunter2", "hunter2"],
  ["the settings of LDAP", "bindpw hunter2!9a", "hunter2!9a"],
  ["the settings of a radio network", 'psk="hunter2"', "hunter2"],
  ["cookies in a list", '{"set-cookie":["sid=hunter2; Path=/"]}', "hunter2"],
  ["a literal of kubectl", "kubectl create secret generic x --from-literal=foo=hunter2", "hunter2"],
  ["a scheme of one issuer", "Authorization: GenieKey 01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab"],
  ["the key of a kubeconfig", `client-key-data: ${RANDOM}${RANDOM}`, RANDOM],
  ["a header of one vendor", `Fastly-Key: ${RANDOM}`, RANDOM],
  ["a key in JSON", `{"kty":"RSA","d":"${RANDOM}","n":"abc"}`, RANDOM],
  [
    "a key with blanks in its lines",
    `----- BEGIN RSA PRIVATE KEY -----\n${RANDOM}\n----- END RSA PRIVATE KEY -----`,
    RANDOM,
  ],
  ...[
    ["HRKU-", `${RANDOM}${RANDOM}`],
    ["vercel_blob_rw_", `${RANDOM}${RANDOM}`],
    ["CCIPAT_", `${RANDOM}_${HEX}`],
    ["sbp_", HEX],
    ["sqp_", HEX],
    ["bkua_", HEX],
    ["s.", "abcdEFGH1234ijklMNOP5678"],
    ["cio", `${RANDOM}abcdefgh`],
    ["v1.0-0123456789abcdef01234567-", HEX.repeat(4)],
    ["0123456789abcdef0123456789abcdef0123", "NRAL"],
    ["AAAAabcdefg:APA91b", RANDOM.repeat(6)],
    ["v4.local.", RANDOM],
    ["MDAx", `${RANDOM}abcdefgh`],
    ["Xx~8Q~", `${RANDOM}abcdefghij`],
    ["EAA", `${RANDOM}abcdefgh`],
  ].map(([prefix = "", rest = ""]) => [`a token that begins ${prefix}`, `said ${prefix}${rest} twice`, rest] as const),
];

const VARIABLE = joined("$", "{DB_PASSWORD}");

/** What people write of a secret in sentences, and short numbers. */
const SAID: typeof SECRETS = [
  ...[
    "password for bob: hunter2x",
    "Password for user bob: hunter2x.",
    "password for bob4711: hunter2x",
    "the password for bob is hunter2x, said ann",
    "the password for bob is now hunter2x",
    "password for 'bob' on db.internal:5432: hunter2x",
    "password of the database = hunter2x",
    "password of bob4: hunter2x",
    "password for bob=hunter2x",
    "password for bob -> hunter2x",
    "password for bob: 'hunter2x'",
    "password (prod): hunter2x",
    "password [bob]: hunter2x",
    "password to log in with: hunter2x",
    "password on staging: hunter2x",
    "passphrase for key '/root/.ssh/id_rsa': hunter2x",
    "the password for bob has been set to hunter2x",
    "password set to hunter2x",
    "password was changed to hunter2x",
    "Das Passwort lautet hunter2x",
    "le mot de passe est hunter2x",
    "hunter2x is the password for bob",
    "password for bob:hunter2x",
    'msg="password for bob: hunter2x"',
    String.raw`{"msg":"password for \"bob\": hunter2x"}`,
    "- password for bob:  hunter2x",
    "password for bob@db: hunter2x",
    "password for bob (admin): hunter2x",
    "password for bob was hunter2x until today",
    "bob's password for the db is hunter2x!",
    "ERROR 28P01 bad password for bob: hunter2x (attempt 3)",
    "log in as bob, with hunter2x as the password",
    "client secret for ci: hunter2x",
  ].map((text) => [text, text, "hunter2x"] as const),
  ["a token that begins with a word", "token: read-4711abc", "4711abc"],
  ["a word alone", "password for bob: swordfish", "swordfish"],
  ["a token of somebody", `token for ci is ${RANDOM}`, RANDOM],
  ["a key of somebody", `api key for ci: ${RANDOM}`, RANDOM],
  ...[
    "pin: 4711",
    "PIN is 4711",
    "Your PIN was 4711.",
    "PIN 4711",
    "pin=4711",
    "USER_PIN=4711",
    "pinCode: 4711",
    "PIN code: 4711",
    "PIN-Code: 4711",
    "the PIN number is 4711",
    "PIN for bob: 4711",
    "PIN (front door): 4711",
    '{"pin":4711}',
    '{"pin":"4711"}',
    '{"name":"PIN","value":"4711"}',
    "<pin>4711</pin>",
    "user,pin\nbob,4711\n",
    "passcode is 4711",
    "passcode 4711",
    "the password is 4711",
    "password for bob: 4711",
    "4711 is the PIN for bob",
    "security code: 4711",
    "puk: 4711",
  ].map((text) => [text, text, "4711"] as const),
  ...["otp: 123456", "verification code: 123456", "one-time code is 123456", "your mfa code is 123456"].map(
    (text) => [text, text, "123456"] as const,
  ),
  ["a code in two parts", "verification code: 123 456", "123 456", "456"],
  ["a card's number", "cvv: 123", "123"],
];

/** What is base64 in lines of any width, as each of them stands somewhere. */
const WRAPPED: typeof SECRETS = [4, 8, 19, 20, 32, 40, 60, 64, 70].flatMap((width) =>
  [
    ["a document", '{"user":"sparki","password":"hunter2","more":"and more of it"}'],
    ["an address", "postgres://sparki:hunter2-and-more@db:5432/sparki"],
    ["a pair", "sparki:hunter2-and-more-of-it"],
    ["a key as PEM", pem("RSA PRIVATE KEY")],
    ["a key", KEY_BYTES],
  ].map(([what = "", text = ""]) => {
    const body = wrapped(text, width);
    const hidden = body.split("\n").slice(0, 2);
    return [`${what} in base64 in lines of ${width}`, `read:\n${body}\nthere`, hidden.join("\n")] as const;
  }),
);

const IN_PLACES: typeof SECRETS = [
  ["indented lines", `data: >-\n  ${wrapped('{"password":"hunter2","a":1}', 20, "\n  ")}\nafter: x`],
  ["lines of Windows", `x\r\n${wrapped('{"password":"hunter2","a":1}', 20, "\r\n")}\r\n`],
  ["lines in JSON", `{"body":"${wrapped('{"password":"hunter2","a":1}', 20, String.raw`\n`)}"}`],
  ["texts in a list", `["${wrapped('{"password":"hunter2","a":1}', 20, '",\n "')}"]`],
  ["texts of a program", `x = "${wrapped('{"password":"hunter2","a":1}', 20, '" +\n "')}";`],
  ["lines behind a name", `body=${wrapped('{"password":"hunter2","a":1}', 20)}`],
  ["lines that are quoted", `> ${wrapped('{"password":"hunter2","a":1}', 20, "\n> ")}`],
  ["lines without a rest", `x\n${wrapped('{"password":"hunter2","abc":1}', 20)}\nafter`],
].map(([what = "", text = ""]) => [`base64 in ${what}`, text, "eyJwYXNzd29yZCI6", "aHVudGVyMi", "ciLCJh"] as const);

const BINARY: typeof SECRETS = [
  ["a key in one line of base64", `key ${KEY_BYTES.toString("base64")} end`, KEY_BYTES.toString("base64").slice(0, 40)],
  ...[16, 20, 48, 76].map((width) => {
    const lines = wrapped(RANDOM_BYTES, width);
    return [`bytes in base64 in lines of ${width}`, `x\n${lines}\nafter`, ...lines.split("\n")] as const;
  }),
];

const SENTENCES = [
  "password for bob: required",
  "password for user bob: permission denied",
  "the password for bob is too short",
  "the password for bob is wrong",
  "the password for bob is 90 days old",
  "the password for bob is 1000 days old",
  "the password for bob is base64 encoded",
  "password for bob expires in 90 days",
  "password of the database: see docs/database.md",
  "password of the database: sparki/prod/database/application",
  "password for the database: 2026-11-01",
  "password for bob: https://docs.sparki.tools/passwords",
  "no password for sparki: set PGPASSWORD",
  "Enter password for bob:",
  "password for user=sparki1 host=db2 is wrong",
  "password for release 2026.11.1 of sparki/engine: rotated",
  "the password of sparki_app is read from DB_PASSWORD_2",
  "password for sparki: ann@example.com must ask",
  "password for bob: config.v2.yaml",
  "secret in engine: 3 keys",
  "passwords on db-2: 4711 of them",
  "the secret is at sparki/prod/cache-AbC123",
  "token for release engine-fleet: 6d5f8c7b9d-x2k4q",
  "credentials for ecr: us-east-1",
  "the pin of service 2026 was read",
  "access code: denied",
  "confirmation code: missing",
  "http code: 2026",
  "password for bob: at least 12 characters",
  "passwords of 2 users: rotated",
  "secret for engine: sparki/prod/cache",
  "secret for pod: engine-fleet-2 was read",
  "token for ci: not found",
  "token for ci is valid for 3600 seconds",
  "tokens for 3 requests: 4711",
  "exit code: 1234",
  "error code 4711",
  "status code is 2026",
  "area code: 2026",
  "pin: v4711",
  "pin: 1.2.3",
  "pin: 2026.11.1",
  "we pin 2026 releases",
  "pin 13 is high",
  "pin: true",
  "spin: 4711",
  "pinned: 4711",
  "pin the version: 4711 of them",
  "sparki2 is the owner of the password",
  "2026.11.1 is the release",
  "wrong password 3 times",
];

/** Lines of one width that are no base64 of a secret. */
const LINES = [
  wrapped("a sentence that says nothing at all, and then some more of it", 20),
  wrapped(pem("CERTIFICATE"), 20),
  wrapped("https://prod.sparki.tools/api/projects", 20),
  "engine\nfleet2\npasses\nlatest",
  "ImagePullBackOff\nCrashLoopBackOff\nContainerCreated",
  "engine-fleet-7c9d\nengine-fleet-8d1e\nengine-fleet-9f2a",
  "apps/Charts/web1/templates\napps/Charts/web2/templates\napps/Charts/web3/templates",
  [0, 1, 2].map((each) => createHash("sha256").update(`${each}`).digest("hex")).join("\n"),
  [0, 1, 2].map((each) => `sha256-${createHash("sha256").update(`${each}`).digest("base64")}`).join("\n"),
];

/** What people need to read, and what looks like a secret and is none. */
const KEPT = [
  ...SENTENCES,
  ...LINES,
  "https://prod.sparki.tools:8443/api",
  "GET /a:b@c",
  "password rejected",
  "sparki:database.passwordsSince: today, every rehearsal makes its own",
  '{"ts":"2026-11-23T12:00:00Z"}',
  `ghcr.io/alexarno/sparki/engine@sha256:${"b099ca69".repeat(8)}`,
  `https://ghcr.io:443/v2/x/manifests/engine@sha256:${"b099ca69".repeat(8)}`,
  "commit 62e8f96cd5a83fd3d59458636034078daf38251e is not on main",
  "sha512-Ui0Fc7IP1Q1RqxXqZ8cD9eFvJ3bW5yL2nK8sT6pX4mA7gH1jB0dC3vR5uY9oE2iQ4wZ6xN8lM1kP3tS5rV7aUg==",
  "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
  "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/cache-AbC123",
  "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/sparki-prod/50dc6c495c0c9188",
  "arn:aws:sts::111122223333:assumed-role/platform-engineering/ann",
  '"secretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbC123"',
  "secretName: engine-database",
  '{"secretKeyRef":{"name":"engine","key":"url"}}',
  '{"imagePullSecrets":[{"name":"registry"}]}',
  "i-0123456789abcdef0 in subnet-0a1b2c3d4e5f67890",
  "request id 0b6e9a1c-4f5d-4e2b-9c3a-7d8e9f0a1b2c",
  "AROAIOSFODNN7EXAMPLE:ann",
  "urn:pulumi:prod::sparki::kubernetes:helm.sh/v3:Release::engine",
  "pods sparki-engine-fleet-6d5f8c7b9d-x2k4q are ready",
  "2026-11-23T12:00:00.000Z ERROR 503 in 12.5 ms",
  "git@github.com:alexarno/sparki-deploy.git",
  "ssh://git@github.com/alexarno/sparki-deploy.git",
  "https://registry.npmjs.org/@pulumi/aws",
  "alert mail to ann@example.com, or https://x/y?mail=ann@example.com",
  'secret "sparki/prod/cache" not found',
  'MountVolume.SetUp failed: secret "engine-db" not found',
  "invalid token: unexpected end of JSON input",
  "could not read secret: permission denied",
  `Unexpected token '<', "<!DOCTYPE "... is not valid JSON`,
  'FATAL: password authentication failed for user "sparki"',
  "NOAUTH Authentication required.",
  "max_tokens=4096 total_tokens: 512",
  "tokenExpiresAt: 2026-11-23T12:00:00Z",
  "the token has expired",
  "secrets: pass, 2 secrets with username, password, host and port",
  "pass: 12, fail: 1",
  "set SPARKI_REGISTRY_TOKEN to a token that may read packages",
  "pulumi config set --secret sparki:slackToken",
  "unset PULUMI_CONFIG_PASSPHRASE, or export PULUMI_CONFIG_PASSPHRASE_FILE=/srv/pass",
  `value: ${VARIABLE} or $DB_PASSWORD`,
  `password: ${VARIABLE}`,
  "password=[secret]",
  "aws secretsmanager put-secret-value --secret-id sparki/prod/cache",
  "created secrets-cache: aws:secretsmanager/secret:Secret",
  "kmsKeyId: arn:aws:kms:us-east-1:111122223333:key/0b6e9a1c-4f5d-4e2b-9c3a-7d8e9f0a1b2c",
  "automountServiceAccountToken: false",
  "GRANT SELECT ON projects TO sparki_app; -- 0003_project_status.sql",
  "npm:foo@1.2.3 and redis:7@sha256:0123",
  "unit_test_projects_0001 passed",
  pem("CERTIFICATE"),
  pem("PUBLIC KEY"),
  Buffer.from("a sentence that says nothing at all").toString("base64"),
  Buffer.from(pem("CERTIFICATE")).toString("base64"),
  Buffer.from("https://prod.sparki.tools/api").toString("base64"),
  "kind: SecretProviderClass\ndata:\n  foo: bar",
  "secret:\n  secretName: engine-database",
  "tokens:\n  - one",
  "password:\n\nnext paragraph",
  "<password/> and <secretName>engine</secretName>",
  "test/io/x.test.ts:1234:56:error:failed",
  "fe80:1234:5678:9abc:def0:1234:5678:9abc",
  "costs $5 or $12",
  `sha256_${HEX}${HEX.slice(0, 24)}`,
  `git_${HEX} and image_${HEX}`,
  "Authorization: required for every request",
  "pods.eks.amazonaws.com is not r.abcdefghijklmnopqrstuvwx",
  'cache-key: "engine"',
  "100%60 and 5%41 of them",
  String.raw`\x7061737300 and C:\x\y`,
  "token -> refreshed, secret → rotated",
  "| secret | status | age |",
  '{"value":"a","name":"LOG_LEVEL"}',
  "- value: a\n  name: LOG_LEVEL",
  "// see: a@b.c, and //cdn.example.com/x@1.2.3",
  '{"password":"","user":"a"}',
  "password: ''\nuser: 'a'",
  "see hooks.slack.com/docs",
  "INSERT INTO projects (id, name) VALUES (1, 'a')",
  "Key (name)=(a) already exists",
  "заголовок: текст",
  "parole and passage: open",
  "s3 p4 x509: v1",
  'Content-Disposition: form-data; name="file"\r\n\r\ntext',
  "<a>text</a> and <path>\n x\n</path>",
  "PASS unit test/policies/hostile/charts.test.ts (149.503 s)",
  "routing_key: orders.created",
  "docker login -u ann --password-stdin ghcr.io",
  "echo deployed | tee log",
  '{"Name":"/sparki/prod/level","Value":"3"}',
  '{"ParameterKey":"InstanceType","ParameterValue":"t3.large"}',
  'token "engine" is not known',
  "passwords:\n  rotated: yes",
] as const;

const ITSELF = "Zq8vT2mN4kR7wX1pL9dF3hJ6";
/** As cloud providers name a parameter and its value, as programs hand a value on, and as clients say it on the wire. */
const HANDED_ON: readonly (readonly [string, string, string])[] = [
  ["a parameter with a path", `{"Name":"/db/password","Value":"${ITSELF}"}`, ITSELF],
  ["a parameter whose value is first", `{"Value":"${ITSELF}","Name":"/db/password"}`, ITSELF],
  ["a parameter of CloudFormation", `{"ParameterKey":"DBPassword","ParameterValue":"${ITSELF}"}`, ITSELF],
  ["the same as an argument", `ParameterKey=DBPassword,ParameterValue=${ITSELF}`, ITSELF],
  ["an option of Elastic Beanstalk", `{"OptionName":"DB_PASSWORD","Value":"${ITSELF}"}`, ITSELF],
  ["what KMS decrypted", `"Plaintext": "${ITSELF}=="`, ITSELF],
  ["a rule of Redis", `ACL SETUSER app on >${ITSELF} ~* +@all`, ITSELF],
  ["a list of passwords", `passwords:\n  - ${ITSELF}\n  - "another"`, ITSELF],
  ["a token in a sentence", `authentication with token "${ITSELF}" failed`, ITSELF],
  ["a comparison", `password === "${ITSELF}"`, ITSELF],
  ["a text of bash's own", `PASSWORD=$'${ITSELF}'`, ITSELF],
  ["an echo", `echo ${ITSELF} | docker login -u a --password-stdin ghcr.io`, ITSELF],
  ["a printf", `printf '%s' "${ITSELF}" | docker login --password-stdin`, ITSELF],
  ["a zip", `zip -P ${ITSELF} a.zip b`, ITSELF],
  ["FTP", `PASS ${ITSELF}`, ITSELF],
  ["IMAP", `a1 LOGIN bob ${ITSELF}`, ITSELF],
  ["SMTP", `334 UGFzc3dvcmQ6\r\n${Buffer.from("hunter2hunter2").toString("base64")}`, "aHVudGVyMmh1bnRlcjI"],
  ["PagerDuty's key", `routing_key: ${"0123456789abcdef".repeat(2)}`, "0123456789abcdef"],
  ["Opsgenie's header", "Authorization: GenieKey 0b6e9a1c-4f5d-4e2b-9c3a-7d8e9f0a1b2c", "7d8e9f0a1b2c"],
  ["a token for EKS", `k8s-aws-v1.${Buffer.from("https://sts.amazonaws.com/?x=1").toString("base64url")}`, "aHR0cHM6"],
];

const ALL_SECRETS = [...SECRETS, ...SAID, ...WRAPPED, ...IN_PLACES, ...BINARY, ...HANDED_ON];

describe("redacted", () => {
  it.each(ALL_SECRETS)("takes the secret out of %s", (_, text, ...hidden) => {
    const shown = redacted(text);
    for (const secret of hidden) expect(shown).not.toContain(secret);
    expect(shown).toContain("[secret]");
  });

  it.each(KEPT)("leaves %s as it is", (text) => {
    expect(redacted(text)).toBe(text);
  });

  it.each(ALL_SECRETS)("changes nothing more at a second time, with %s", (_, text) => {
    expect(redacted(redacted(text))).toBe(redacted(text));
  });

  it.each([
    ["ERROR connect postgres://sparki:hunter2@db:5432/sparki", "ERROR connect postgres://[secret]@db:5432/sparki"],
    ["rediss://:hunter2@cache:6379", "rediss://[secret]@cache:6379"],
    ["host=db password=hunter2 sslmode=require", "host=db password=[secret] sslmode=require"],
    ["https://hooks.slack.com/services/T0/B0/x1", "https://hooks.slack.com/services/[secret]"],
    ['{"user":"x","password":"hunter2","level":"error"}', '{"user":"x","password":"[secret]","level":"error"}'],
    ["level=error token=hunter2 msg=refused", "level=error token=[secret] msg=refused"],
    ["password for bob on db: hunter2x, 3 times", "password for bob on db: [secret], 3 times"],
    ["the PIN for bob is 4711, not 4712", "the PIN for bob is [secret], not 4712"],
    [`x\n${wrapped("sparki:hunter2-and-more", 8)}\nafter`, "x\n[secret]\nafter"],
  ])("keeps what is around it in %s", (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  const UNIT_LENGTH = 200_000;
  it.each([
    "a",
    "eyJ",
    "sk-",
    "a://",
    "a:b@",
    "password",
    "password:",
    "value:",
    'value:"a",',
    "//a:b",
    'password:"',
    "password:{",
    'password\\"',
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "AKIA",
    "--token ",
    "&a",
    "a.",
    "x_",
    "Bearer ",
    "mysql ",
    "curl -u ",
    " ",
    "[secret]",
    "key-a-",
    "login ",
    "AUTH ",
    "aB3dE5fG7hJ9kL1mN3pQ5rS7",
    "http://a:b",
    "<token>",
    "password:\n  ",
    "password: |\n",
    "data:\n kind: Secret\n",
    "AbCd",
    `${"AbCd".repeat(19)}\n`,
    `${"AbCd".repeat(5)}\n`,
    "AbCd\n",
    "AbCdE\nAbC\n",
    "password for ",
    "password for a: ",
    "password for a=b ",
    "pin ",
    "PIN is ",
    "hunter2 is the ",
    "hunter2 as password ",
    "0f",
    "*:*:",
    "1234:",
    "$2b$",
    "PASSWORD E'",
    "Digest username=",
    "jdbc:oracle:thin:a/",
    "://[secret] a",
    "AUTH\n$1\n",
    "%3",
    "&#5",
    "password=<<E\n",
    "password = cat <<",
    "(a) VALUES (",
    "(password)=('",
    'name="password"\n\n',
    "<key>password</key>",
    "<token>\n",
    "<![CDATA[",
    "a://%3a",
    "ldapsearch -w",
    "http -a a:",
    "net use \\\\a ",
    "htpasswd -b a b ",
    "password: Some(",
    "| password ",
    "MDAx",
    "v4.local.",
    "parameters: $1 = ",
    "\u0430",
    "p4",
  ])("is done with 200,000 characters of %j in time", (unit) => {
    const text = `${unit.repeat(UNIT_LENGTH / unit.length)}0a`;
    const cost = (times: string) => {
      const begin = process.cpuUsage();
      redacted(times);
      const { user } = process.cpuUsage(begin);
      return user / 1e6;
    };
    // Linear ones take a second on a fast machine, quadratic ones minutes.
    expect(cost(text)).toBeLessThan(20);
  });
});

describe("redactedLines", () => {
  async function* inPieces(text: string, size: number) {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const linesOf = async (text: string, size: number) => {
    const lines: string[] = [];
    for await (const line of redactedLines(inPieces(text, size))) lines.push(line);
    return lines;
  };

  it.each([1, 7, 1000])("takes credentials out also where they come in pieces, of %i characters", async (size) => {
    const text = "first\n\nrefused: postgres://sparki:hunter2@db:5432/sparki\nlast";
    expect(await linesOf(text, size)).toEqual([
      "first\n",
      "\n",
      "refused: postgres://[secret]@db:5432/sparki\n",
      "last",
    ]);
  });

  it.each([1, 7, 1000])("takes out a value below its name, in pieces of %i characters", async (size) => {
    const text = "before\npassword: |\n  hunter2\n  hunter3\nafter\ntoken:\n  none\n";
    const shown = await linesOf(text, size);
    expect(shown.join("")).toBe("before\npassword: [secret]\nafter\ntoken:\n  none\n");
    expect(await linesOf("db:\n  password:\n    hunter2", size)).toEqual(["db:\n", "  password:\n", "    [secret]"]);
  });

  it.each([
    "password = <<EOT\nhunter2\nEOT\nafter\n",
    "<dbPassword>\n  hunter2\n</dbPassword>\nafter\n",
    "<key>password</key>\n<string>hunter2</string>\nafter\n",
    'Content-Disposition: form-data; name="password"\r\n\r\nhunter2\r\nafter\n',
    '["password"]=>\n  string(7) "hunter2"\nafter\n',
  ])("takes out a value that stands on a line of its own: %j", async (text) => {
    for (const size of [1, 7, 1000]) {
      const shown = (await linesOf(text, size)).join("");
      expect(shown).not.toContain("hunter2");
      expect(shown.endsWith("after\n")).toBe(true);
    }
  });

  it.each([1, 1000])("takes out a column's secrets in every row, in pieces of %i characters", async (size) => {
    const rows = (password: string) => Array.from({ length: 450 }, (_, row) => `user${row},${password},db\n`);
    const text = ["user,password,host\n", ...rows("hunter2"), "after\n"];
    expect(await linesOf(text.join(""), size)).toEqual(["user,password,host\n", ...rows("[secret]"), "after\n"]);
  });

  it.each([1, 7, 1000])("takes out base64 in short lines, in pieces of %i characters", async (size) => {
    const body = wrapped(`{"password":"hunter2","more":"${"and more of it ".repeat(9)}"}`, 20);
    expect((await linesOf(`before\ndata: ${body}\nafter\n`, size)).join("")).toBe("before\ndata: [secret]\nafter\n");
    expect((await linesOf(`before\n${wrapped(KEY_BYTES, 32)}\nafter`, size)).join("")).toBe("before\n[secret]\nafter");
    const text = `${wrapped("a sentence that says nothing at all, and then some more of it", 20)}\nafter\n`;
    expect((await linesOf(text, size)).join("")).toBe(text);
  });

  it("takes out base64 of more lines than are read together", async () => {
    const bytes = Buffer.concat(Array.from({ length: 300 }, () => RANDOM_BYTES));
    const shown = await linesOf(`before\n${wrapped(bytes, 20)}\nafter that\n`, 1000);
    expect(shown).toEqual(["before\n", "[secret]\n", "after that\n"]);
  });

  it.each([1, 7, 1000])("takes out a private key over several lines, in pieces of %i characters", async (size) => {
    expect(await linesOf(`before\n${pem("PRIVATE KEY")}\nafter\n`, size)).toEqual([
      "before\n",
      "[secret]\n",
      "after\n",
    ]);
  });
});

describe("withoutSecrets", () => {
  it("takes secrets out of a document by the names of its fields, at any depth", () => {
    const document = {
      gates: [{ reason: "refused: token=hunter2" }],
      database: { password: "hunter2", port: 5432 },
      env: [{ name: "API_SECRET", value: "hunter2" }],
      tokens: ["aB3dE5fG7hJ9kL1mN3pQ5rS7"],
    };
    expect(withoutSecrets(document)).toEqual({
      gates: [{ reason: "refused: token=[secret]" }],
      database: { password: "[secret]", port: 5432 },
      env: [{ name: "API_SECRET", value: "[secret]" }],
      tokens: ["[secret]"],
    });
  });

  it("takes out numbers that let somebody in, and only these", () => {
    const document = {
      ...{ pin: 4711, otp: 123456, userPin: "4711", pinned: 4711, exitCode: 4711, pin2: { pin: 13 } },
      env: [
        { name: "DOOR_PIN", value: "4711" },
        { name: "PORT", value: "4711" },
      ],
    };
    expect(withoutSecrets(document)).toEqual({
      ...document,
      env: [{ name: "DOOR_PIN", value: "[secret]" }, document.env[1]],
      pin: "[secret]",
      otp: "[secret]",
      userPin: "[secret]",
    });
  });

  it("leaves booleans, numbers, references and digests", () => {
    const document = {
      secretArn: "arn:aws:x",
      hasPassword: true,
      tokens: 12,
      hash: "b099ca69".repeat(8),
      list: [null],
    };
    expect(withoutSecrets(document)).toEqual(document);
  });
});

import { listenersModernTls } from "../../policies/listeners-modern-tls.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const listener = example("aws:lb/listener:Listener", {
  protocol: "HTTPS",
  sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
});
const modern = ["TLS13-1-3-2021-06", "TLS13-1-2-Res-2021-06", "TLS-1-2-Ext-2018-06", "FS-1-2-Res-2020-10"];
const old = ["2016-08", "TLS-1-0-2015-04", "TLS-1-1-2017-01", "TLS13-1-0-2021-06", "TLS13-1-1-2021-06", "FS-2018-06"];
const withPolicy = (name: string) => listener.with({ sslPolicy: `ELBSecurityPolicy-${name}` });

proves(listenersModernTls, {
  passes: {
    "TLS 1.2 and 1.3": listener,
    "HTTP, which is another control's": listener.without("sslPolicy").with({ protocol: "HTTP" }),
    ...Object.fromEntries(modern.map((name) => [name, withPolicy(name)])),
  },
  stops: {
    "no policy, which is AWS's old default": ["sslPolicy", listener.without("sslPolicy")],
    ...Object.fromEntries(old.map((name) => [name, ["sslPolicy", withPolicy(name)] as const])),
  },
});

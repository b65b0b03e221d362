import { each, type Policy } from "./policy.ts";

/** The predefined policies without TLS 1.0 and 1.1. */
const MODERN = /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-/;

export const listenersModernTls: Policy = {
  name: "listeners-modern-tls",
  control: "S41",
  reason: "TLS 1.0 and 1.1 are broken, and AWS still offers them unless it is told not to.",
  fix: 'Set sslPolicy to "ELBSecurityPolicy-TLS13-1-2-2021-06" or newer.',
  each: [
    each("aws:lb/listener:Listener", ({ props }, demand) => {
      demand("sslPolicy", () => props.protocol === "HTTP" || MODERN.test(props.sslPolicy ?? ""));
    }),
  ],
};

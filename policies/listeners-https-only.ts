import { each, type Policy } from "./policy.ts";

const ENCRYPTED = ["HTTPS", "TLS"];

export const listenersHttpsOnly: Policy = {
  name: "listeners-https-only",
  control: "S40",
  reason: "One page over HTTP is enough to take over a session.",
  fix: "Serve HTTPS on 443; on 80 only redirect to HTTPS.",
  each: [
    each("aws:lb/listener:Listener", ({ props }, demand) => {
      const redirects = () =>
        (props.defaultActions ?? []).every(
          ({ type, redirect }) => type === "redirect" && redirect?.protocol === "HTTPS",
        );
      demand("protocol", () => ENCRYPTED.includes(props.protocol ?? "") || (props.protocol === "HTTP" && redirects()));
    }),
  ],
};

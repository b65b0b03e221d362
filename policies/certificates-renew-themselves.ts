import { each, type Policy } from "./policy.ts";

const STRONG = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"];

export const certificatesRenewThemselves: Policy = {
  name: "certificates-renew-themselves",
  control: "S47",
  reason: "A certificate that somebody must renew expires on a holiday.",
  fix: 'Set validationMethod: "DNS" and keyAlgorithm to RSA_2048 or better.',
  each: [
    each("aws:acm/certificate:Certificate", ({ props }, demand) => {
      demand("validationMethod", () => props.validationMethod === "DNS");
      demand("privateKey", () => props.privateKey === undefined);
      demand("keyAlgorithm", () => STRONG.includes(props.keyAlgorithm ?? "RSA_2048"));
    }),
  ],
};

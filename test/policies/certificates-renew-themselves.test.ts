import { certificatesRenewThemselves } from "../../policies/certificates-renew-themselves.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const certificate = example("aws:acm/certificate:Certificate", {
  domainName: "prod.sparki.tools",
  validationMethod: "DNS",
  keyAlgorithm: "EC_prime256v1",
});

proves(certificatesRenewThemselves, {
  passes: {
    "a certificate proven by DNS": certificate,
    "AWS's default key, RSA 2048": certificate.without("keyAlgorithm"),
  },
  stops: {
    "a certificate proven by mail": ["validationMethod", certificate.with({ validationMethod: "EMAIL" })],
    "a certificate proven by nobody": ["validationMethod", certificate.without("validationMethod")],
    "one brought from elsewhere": ["privateKey", certificate.with({ privateKey: "a key" })],
    "a short key": ["keyAlgorithm", certificate.with({ keyAlgorithm: "RSA_1024" })],
  },
});

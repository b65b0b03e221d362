import { DNS_ADDRESS } from "../infra/cluster.ts";

/** Lets pods ask the cluster's own resolver for names, and no other: port 53 of anywhere is a way out for data. */
export const DNS_EGRESS = {
  to: [{ ipBlock: { cidr: `${DNS_ADDRESS}/32` } }],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

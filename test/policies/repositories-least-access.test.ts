import { repositoriesLeastAccess } from "../../policies/repositories-least-access.ts";
import { document } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const repository = example("aws:ecr/repository:Repository", { name: "sparki" });
const lifecycle = example("aws:ecr/lifecyclePolicy:LifecyclePolicy", {}).from("repository", repository);
const deploy = { Principal: { AWS: "arn:aws:iam::111122223333:role/deploy" }, Action: ["ecr:PutImage"] };
const access = example("aws:ecr/repositoryPolicy:RepositoryPolicy", { policy: document(deploy) });

proves(repositoriesLeastAccess, {
  passes: {
    "a repository with a lifecycle and named users": [repository, lifecycle, access],
    "access that only the update knows": access.from("policy"),
  },
  stops: {
    "a repository that only grows": ["lifecycle", repository],
    "a repository for everybody": [
      "policy.Principal",
      access.with({ policy: document({ ...deploy, Principal: "*" }) }),
    ],
    "everything for one": ["policy.Action", access.with({ policy: document({ ...deploy, Action: "ecr:*" }) })],
    "everything of everything for one": [
      "policy.Action",
      access.with({ policy: document({ ...deploy, Action: "*" }) }),
    ],
  },
});

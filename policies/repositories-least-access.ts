import { statementsOf } from "./judging/iam-document.ts";
import { each, type Policy } from "./policy.ts";

export const repositoriesLeastAccess: Policy = {
  name: "repositories-least-access",
  control: "S59",
  reason: "A repository that anybody writes to is a way into the cluster, and one without a lifecycle only grows.",
  fix: "Add an aws.ecr.LifecyclePolicy, and name principals and actions in the repository's policy.",
  each: [
    each("aws:ecr/repositoryPolicy:RepositoryPolicy", ({ props }, demand) => {
      const granted = () => statementsOf(props.policy).filter(({ allows }) => allows);
      demand("policy.Principal", () => !granted().some(({ principals }) => principals.AWS?.includes("*")), "update");
      const isWide = (action: string) => action === "*" || action === "ecr:*";
      demand("policy.Action", () => !granted().some(({ actions }) => actions.some(isWide)), "update");
    }),
  ],
  whole: (stack, demand) => {
    const lifecycles = stack.all("aws:ecr/lifecyclePolicy:LifecyclePolicy");
    for (const repository of stack.all("aws:ecr/repository:Repository")) {
      demand(repository, "lifecycle", () => lifecycles.some((one) => stack.refers(one, "repository", repository)));
    }
  },
};

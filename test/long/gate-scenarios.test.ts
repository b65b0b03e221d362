import { describeGates, GATES, ON_EACH_COMMIT } from "../support/gate-scenarios.ts";

jest.setTimeout(3_600_000);

describeGates(Object.keys(GATES).filter((name) => !ON_EACH_COMMIT.includes(name)));

import type { Constructed, ConstructRequest, ProviderModel } from "../provider/model.ts";
import { constructCluster } from "./cluster.ts";

/** The `eks` provider of the rehearsal: it has one component and no resources of its own. */
export class EksProvider implements ProviderModel {
  readonly name = "eks";
  readonly version = "4.3.0";

  async construct(request: ConstructRequest): Promise<Constructed> {
    if (request.type !== "eks:index:Cluster") throw new Error(`sparki rehearsal: no component ${request.type}`);
    return constructCluster(request);
  }

  check(): never {
    throw noResources();
  }

  diff(): never {
    throw noResources();
  }

  create(): never {
    throw noResources();
  }

  read(): never {
    throw noResources();
  }

  update(): never {
    throw noResources();
  }

  delete(): never {
    throw noResources();
  }
}

function noResources(): Error {
  return new Error("sparki rehearsal: the eks provider has components only");
}

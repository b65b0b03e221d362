import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { ProviderModel, Session } from "./model.ts";
import { receiveWrapped, send } from "./properties.ts";

/** Asks the model to construct a component; its inputs keep their secrets wrapped, so that children inherit them. */
export async function construct(model: ProviderModel, message: messages.ConstructRequest, session: Session) {
  if (model.construct === undefined) throw new Error(`sparki rehearsal: no component ${message.getType()}`);
  const constructed = await model.construct({
    type: message.getType(),
    name: message.getName(),
    parent: message.getParent(),
    inputs: receiveWrapped(message.getInputs()),
    inputDependencies: dependenciesOf(message),
    providers: Object.fromEntries(message.getProvidersMap().toArray()),
    dependencies: message.getDependenciesList(),
    protect: message.getProtect() ?? false,
    preview: message.getDryrun(),
    monitorAddress: message.getMonitorendpoint(),
    session,
  });
  const reply = new messages.ConstructResponse();
  reply.setUrn(constructed.urn);
  reply.setState(send(constructed.state));
  for (const [key, urns] of Object.entries(constructed.stateDependencies)) {
    const dependencies = new messages.ConstructResponse.PropertyDependencies();
    dependencies.setUrnsList([...urns]);
    reply.getStatedependenciesMap().set(key, dependencies);
  }
  return reply;
}

function dependenciesOf(message: messages.ConstructRequest): Record<string, string[]> {
  const entries = message.getInputdependenciesMap().toArray();
  return Object.fromEntries(
    entries.map(([key]) => [key, message.getInputdependenciesMap().get(key)?.getUrnsList() ?? []]),
  );
}

import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Difference, DifferenceKind, ProviderModel, ResourceRequest, Session } from "./model.ts";
import { PartialFailure } from "./model.ts";
import { type Path, type Received, receive, send } from "./properties.ts";

/** What a call about a resource needs beside its message. */
export type Context = Omit<ResourceRequest, "urn" | "type" | "name">;

type Identified = { getUrn(): string; getType(): string; getName(): string };
type Bound = (urn: string) => Context;

function about(message: Identified, bind: Bound): ResourceRequest {
  const urn = message.getUrn();
  return { ...bind(urn), urn, type: message.getType(), name: message.getName() };
}

export async function check(model: ProviderModel, message: messages.CheckRequest, bind: Bound) {
  const news = receive(message.getNews());
  const olds = receive(message.getOlds()).values;
  const randomSeed = message.getRandomseed_asU8();
  const checked = await model.check({
    ...about(message, bind),
    olds,
    news: news.values,
    secrets: news.secrets,
    randomSeed,
  });
  const reply = new messages.CheckResponse();
  reply.setInputs(send(checked.inputs, [...news.secrets, ...(checked.secrets ?? [])]));
  reply.setFailuresList((checked.failures ?? []).map(toFailure));
  return reply;
}

function toFailure({ property, reason }: { property: string; reason: string }): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

export async function diff(model: ProviderModel, message: messages.DiffRequest, bind: Bound) {
  const difference = await model.diff({
    ...about(message, bind),
    id: message.getId(),
    olds: receive(message.getOlds()).values,
    oldInputs: receive(message.getOldInputs()).values,
    news: receive(message.getNews()).values,
  });
  return toDiffResponse(difference);
}

export function diffConfig(model: ProviderModel, message: messages.DiffRequest) {
  if (model.diffConfig === undefined) return new messages.DiffResponse();
  const olds = receive(message.getOldInputs() ?? message.getOlds()).values;
  return toDiffResponse(model.diffConfig(olds, receive(message.getNews()).values));
}

/** Runs `act`; the properties in a partial failure keep the inputs' secrets marked. */
async function marking<T>(secrets: readonly Path[], act: () => Promise<T> | T): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof PartialFailure) error.secrets = [...error.secrets, ...secrets];
    throw error;
  }
}

export async function create(model: ProviderModel, message: messages.CreateRequest, bind: Bound) {
  const inputs = receive(message.getProperties());
  const request = { ...about(message, bind), ...operation(message, inputs), inputs: inputs.values };
  const created = await marking(inputs.secrets, () => model.create(request));
  const reply = new messages.CreateResponse();
  reply.setId(message.getPreview() ? "" : created.id);
  reply.setProperties(send(created.properties, [...inputs.secrets, ...(created.secrets ?? [])]));
  return reply;
}

export async function update(model: ProviderModel, message: messages.UpdateRequest, bind: Bound) {
  const inputs = receive(message.getNews());
  const updated = await marking(inputs.secrets, () =>
    model.update({
      ...about(message, bind),
      ...operation(message, inputs),
      id: message.getId(),
      olds: receive(message.getOlds()).values,
      oldInputs: receive(message.getOldInputs()).values,
      inputs: inputs.values,
    }),
  );
  const reply = new messages.UpdateResponse();
  reply.setProperties(send(updated.properties, [...inputs.secrets, ...(updated.secrets ?? [])]));
  return reply;
}

function operation(message: { getPreview(): boolean; getTimeout(): number }, inputs: Received) {
  return {
    preview: message.getPreview(),
    timeoutSeconds: message.getTimeout(),
    secrets: inputs.secrets,
  };
}

export async function read(model: ProviderModel, message: messages.ReadRequest, bind: Bound) {
  const inputs = receive(message.getInputs());
  const properties = receive(message.getProperties());
  const found = await model.read({
    ...about(message, bind),
    id: message.getId(),
    inputs: inputs.values,
    properties: properties.values,
  });
  const reply = new messages.ReadResponse();
  if (found === undefined) return reply;
  reply.setId(found.id);
  reply.setInputs(send(found.inputs, inputs.secrets));
  reply.setProperties(send(found.properties, [...properties.secrets, ...(found.secrets ?? [])]));
  return reply;
}

export async function remove(model: ProviderModel, message: messages.DeleteRequest, bind: Bound) {
  await model.delete({
    ...about(message, bind),
    id: message.getId(),
    properties: receive(message.getProperties()).values,
    oldInputs: receive(message.getOldInputs()).values,
    timeoutSeconds: message.getTimeout(),
  });
  return new empty.Empty();
}

export async function invoke(model: ProviderModel, message: messages.InvokeRequest, session: Session) {
  if (model.invoke === undefined) throw new Error(`sparki rehearsal: no function ${message.getTok()}`);
  const args = receive(message.getArgs());
  const result = await model.invoke({ token: message.getTok(), args: args.values, session });
  const reply = new messages.InvokeResponse();
  const secrets = args.secrets.length > 0 ? Object.keys(result).map((key) => [key]) : [];
  reply.setReturn(send(result, secrets));
  return reply;
}

const KINDS: Record<DifferenceKind, messages.PropertyDiff.Kind> = {
  add: messages.PropertyDiff.Kind.ADD,
  delete: messages.PropertyDiff.Kind.DELETE,
  update: messages.PropertyDiff.Kind.UPDATE,
  "add-replace": messages.PropertyDiff.Kind.ADD_REPLACE,
  "delete-replace": messages.PropertyDiff.Kind.DELETE_REPLACE,
  "update-replace": messages.PropertyDiff.Kind.UPDATE_REPLACE,
};

/** The engine's form of a difference; the first key of each path is what it lists as changed or replacing. */
function toDiffResponse(difference: Difference): messages.DiffResponse {
  const reply = new messages.DiffResponse();
  const changes = Object.entries(difference.detailed);
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  reply.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  reply.setHasdetaileddiff(true);
  for (const [path, kind] of changes) {
    const property = new messages.PropertyDiff();
    property.setKind(KINDS[kind]);
    property.setInputdiff(true);
    reply.getDetaileddiffMap().set(path, property);
  }
  const topLevel = (path: string) => path.split(/[.[]/, 1)[0] ?? path;
  const replaced = changes.filter(([, kind]) => kind.endsWith("-replace")).map(([path]) => topLevel(path));
  reply.setReplacesList([...new Set(replaced)]);
  reply.setDiffsList([...new Set(changes.map(([path]) => topLevel(path)))]);
  reply.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  return reply;
}

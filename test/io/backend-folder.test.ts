import { homedir } from "node:os";
import { backendFolder } from "../../io/stack-state.ts";

describe("backendFolder", () => {
  it.each([
    ["file:///srv/state", "/srv/state"],
    ["file:///srv/the%20state", "/srv/the state"],
    ["file:///srv/state?no_tmp_dir=true", "/srv/state"],
    ["file://./state", "/project/state"],
    ["file://./state?no_tmp_dir=true", "/project/state"],
    ["file://~", homedir()],
    ["file://~/state?no_tmp_dir=true", `${homedir()}/state`],
  ])("finds the folder of %s", (url, folder) => {
    expect(backendFolder(url, "/project")).toBe(folder);
  });
});

import { parse } from "yaml";
import { at, only } from "../support/chart.ts";
import { renderWorkload, TRACKS } from "../support/workload-values.ts";

describe.each(TRACKS)("secrets of the engine's %s", (track) => {
  const objects = renderWorkload("prod", "engine", track);
  const classes = objects.filter(({ kind }) => kind === "SecretProviderClass");

  it("are read from Secrets Manager with the pod's own identity, and copied into no Kubernetes Secret", () => {
    for (const secretClass of classes) {
      expect(at(secretClass, "spec.provider")).toBe("aws");
      expect(at(secretClass, "spec.parameters.usePodIdentity")).toBe("true");
      expect(at(secretClass, "spec.secretObjects")).toBeUndefined();
    }
  });

  it("are the files that the application opens", () => {
    const files = classes.flatMap((secretClass) => {
      const wanted: { jmesPath: { objectAlias: string }[] }[] = parse(
        String(at(secretClass, "spec.parameters.objects")),
      );
      const directory = mountOf(String(secretClass.metadata.name));
      return wanted.flatMap(({ jmesPath }) => jmesPath.map(({ objectAlias }) => `${directory}/${objectAlias}`));
    });
    expect(files.sort()).toEqual([
      "/mnt/secrets/cache/auth-token",
      "/mnt/secrets/database/password",
      "/mnt/secrets/database/username",
    ]);
  });

  it("of another rotation are another class, which replaces the pods and leaves the running ones' files alone", () => {
    const mounted = (secretArn: string) => {
      const rotated = renderWorkload("prod", "engine", track, { "database.secretArn": secretArn });
      const made = rotated.filter(({ kind }) => kind === "SecretProviderClass").map(({ metadata }) => metadata.name);
      const volumes = JSON.stringify(at(only(rotated, "Deployment"), "spec.template.spec.volumes"));
      for (const name of made) expect(volumes).toContain(`"secretProviderClass":"${name}"`);
      return made;
    };
    const arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/application-";
    const [before, after] = [mounted(`${arn}2026-08-01-AbCdEf`), mounted(`${arn}2026-11-01-GhIjKl`)];
    expect(before.filter((name) => after.includes(name))).toEqual([`engine-${track}-cache`]);
    expect(after).toHaveLength(2);
  });

  /** Where the container sees the volume of a SecretProviderClass; the mount is read-only. */
  function mountOf(secretClass: string): string {
    const pod = at(only(objects, "Deployment"), "spec.template.spec");
    const volumes: { name: string; csi?: { volumeAttributes: { secretProviderClass: string } } }[] = Object(
      at(pod, "volumes"),
    );
    const mounts: { name: string; mountPath: string; readOnly?: boolean }[] = Object(
      at(pod, "containers.0.volumeMounts"),
    );
    const volume = volumes.find(({ csi }) => csi?.volumeAttributes.secretProviderClass === secretClass);
    const mount = mounts.find(({ name, readOnly }) => name === volume?.name && readOnly === true);
    if (mount === undefined) throw new Error(`${secretClass} is not mounted read-only`);
    return mount.mountPath;
  }
});

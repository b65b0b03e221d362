import { z } from "zod";

/** Names the file that lets a command use a running rehearsal; unset outside of rehearsals. */
export const ACCESS_VARIABLE = "SPARKI_REHEARSAL_ACCESS";

/** Carries the rehearsal's token. No page in a browser can send it without asking first, which no server here allows. */
export const TOKEN_HEADER = "x-sparki-rehearsal";

/** What that file holds: the token, and the only origins that it is sent to. */
export const accessSchema = z.strictObject({ token: z.string().min(32), origins: z.array(z.url()).readonly() });

export type RehearsalAccess = Readonly<z.infer<typeof accessSchema>>;

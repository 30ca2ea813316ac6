// The development inbox of `rekey up`, in place of a person who reads their mail.

import { setTimeout } from "node:timers/promises";

interface Message {
  to: string;
  text: string;
}

/** The newest code sent to an address. A send is answered before its message arrives. */
export async function codeFor(inbox: string, address: string): Promise<string> {
  for (let look = 0; look < 600; look++) {
    const response = await fetch(inbox, { signal: AbortSignal.timeout(5_000) });
    const messages = (await response.json()) as Message[];
    for (const message of messages.filter((message) => message.to === address)) {
      const code = /\b\d{6}\b/.exec(message.text)?.[0];
      if (code) return code;
    }
    await setTimeout(50);
  }
  throw new Error(`no code for ${address} came`);
}

// Entry of every page. Each module finds its own attributes and does nothing on pages without them.
import * as counter from "./counter.js";
import * as draft from "./draft.js";
import * as due from "./due.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as small from "./small.js";
import * as suggest from "./suggest.js";

for (const module of [small, counter, draft, due, keys, live, suggest]) {
  try {
    module.start();
  } catch (error) { // one broken helper must not take the others with it
    console.error(error);
  }
}

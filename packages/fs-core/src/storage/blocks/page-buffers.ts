/** Memory for bytes on their way: a pool's leases in production (`BufferPool` is one), plain memory elsewhere. */
import { assert } from "@smallpond/base";

export interface PageBuffer {
  readonly view: Uint8Array;
  /** Once; the view means nothing afterwards. */
  release(): void;
}

export interface PageBuffers {
  /** Memory of that many bytes, at least one. */
  take(bytes: number): Promise<PageBuffer>;
}

/** From the heap, filled with 0xDD when released, so that whoever reads on shows. */
export class HeapBuffers implements PageBuffers {
  #held = 0;

  /** Buffers not released. */
  get held(): number {
    return this.#held;
  }

  take(bytes: number): Promise<PageBuffer> {
    assert(bytes > 0, "memory has at least one byte");
    const view = new Uint8Array(bytes);
    let isHeld = true;
    this.#held += 1;
    const release = (): void => {
      assert(isHeld, "memory is released once");
      isHeld = false;
      this.#held -= 1;
      view.fill(0xdd);
    };
    return Promise.resolve({ view, release });
  }
}

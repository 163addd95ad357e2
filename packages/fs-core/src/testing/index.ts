/** Stand-ins and contracts of the file system's rooms. */
export {};

export function countMethods(bug) {
    return {
        once: countMethod({ id: 0xf001, name: "test.once", repeatable: bug === "sent-again" }),
        again: countMethod({ id: 0xf002, name: "test.again", repeatable: true }),
    };
}
function countMethod(named) {
    return {
        ...named,
        access: "member",
        question: {
            write: (writer, { token, slow }) => {
                writer.u32(token);
                writer.u8(slow ? 1 : 0);
            },
            read: (reader) => ({ token: reader.u32(), slow: reader.u8() === 1 }),
        },
        answer: {
            write: (writer, { token }) => writer.u32(token),
            read: (reader) => ({ token: reader.u32() }),
        },
    };
}

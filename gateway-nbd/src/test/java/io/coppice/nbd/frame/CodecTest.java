package io.coppice.nbd.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodecTest {
    private static final Set<MetaContext> ALL = EnumSet.allOf(MetaContext.class);
    private static final long SIZE = 10_000_000;

    @Test
    void greetingIsTheProtocolsOwn() {
        var out = Unpooled.buffer();
        OptionReplies.greeting(out);
        assertEquals("4e42444d41474943" + "49484156454f5054" + "0003", ByteBufUtil.hexDump(out));
    }

    @Test
    void optionsWaitForTheirLastByte() throws ProtocolViolation {
        var whole = option(Protocol.OPT_GO, bytes("00000004 6469736b 0002 0003 0001"));
        for (int length = 0; length < whole.readableBytes(); length++) {
            var part = whole.copy(0, length);
            assertNull(OptionDecoder.option(part));
            assertEquals(0, part.readerIndex());
        }
        assertEquals(
                new ClientOption.Describe(true, "disk", List.of(3, 1)),
                OptionDecoder.option(whole));
        assertEquals(0, whole.readableBytes());
    }

    @Test
    void metaContextOptions() throws ProtocolViolation {
        var data = Unpooled.buffer();
        data.writeInt(1).writeBytes(bytes("76")).writeInt(2);
        for (String query : List.of("base:", "coppice:shared")) {
            data.writeInt(query.length()).writeCharSequence(query, StandardCharsets.UTF_8);
        }
        assertEquals(
                new ClientOption.MetaContexts(true, "v", List.of("base:", "coppice:shared")),
                OptionDecoder.option(option(Protocol.OPT_SET_META_CONTEXT, data)));
    }

    @ParameterizedTest
    @CsvSource({
        "3, 00", // LIST takes nothing
        "7, 000000", // cut off
        "7, ffffffff0000", // a giant name
        "7, 00000000 0002 0001", // announces two, brings one
        "7, 00000002 c328 0000", // no UTF-8
        "7, 00000001 00 0000", // NUL
        "10, 00000000 00000001 000000ff 62", // query cut off
        "10, 00000000 00000000 00", // bytes left
    })
    void wrongDataAreInvalid(int code, String data) throws ProtocolViolation {
        var option = OptionDecoder.option(option(code, bytes(data)));
        var wrong = (ClientOption.Wrong) java.util.Objects.requireNonNull(option);
        assertEquals(code, wrong.code());
        assertEquals(Protocol.REP_ERR_INVALID, wrong.reply());
    }

    @Test
    void giantsAndStrangersAreViolations() {
        var giant = Unpooled.buffer().writeLong(Protocol.OPTION_MAGIC).writeInt(3).writeInt(65537);
        assertThrows(ProtocolViolation.class, () -> OptionDecoder.option(giant));
        var stranger = Unpooled.buffer().writeLong(7);
        assertThrows(ProtocolViolation.class, () -> OptionDecoder.option(stranger));
        var flags = Unpooled.buffer().writeInt(8);
        assertThrows(ProtocolViolation.class, () -> OptionDecoder.clientFlags(flags));
        var request = Unpooled.buffer().writeInt(Protocol.REQUEST_MAGIC).writeZero(28);
        assertThrows(ProtocolViolation.class, () -> Request.decode(request, ReplyStyle.EXTENDED));
    }

    @Test
    void requestsOfBothKinds() throws ProtocolViolation {
        var compact = bytes("25609513 0001 0001 1122334455667788 0000000000001000 ffffffff");
        assertEquals(
                new Request(1, 1, 0x1122334455667788L, 4096, 0xffffffffL),
                Request.decode(compact, ReplyStyle.STRUCTURED));
        var extended =
                bytes("21e41c71 0020 0001 1122334455667788 8000000000001000 0000000100000000");
        var request = Request.decode(extended, ReplyStyle.EXTENDED);
        assertEquals(1L << 32, request.length());
        assertEquals(1L << 32, request.payloadBytes(ReplyStyle.EXTENDED));
        assertTrue(request.offset() < 0);
    }

    @Test
    void answersByteByByte() {
        var request = new Request(0, Protocol.CMD_READ, 0x0102030405060708L, 0x1000, 0x2000);
        assertEquals(
                "67446698" + "00000000" + "0102030405060708",
                encoded(ReplyStyle.SIMPLE, (e, out) -> e.done(out, request)));
        assertEquals(
                "67446698" + "00000016" + "0102030405060708",
                encoded(
                        ReplyStyle.SIMPLE,
                        (e, out) -> e.error(out, request, NbdError.EINVAL, "x")));
        assertEquals(
                "668e33ef" + "0001" + "0000" + "0102030405060708" + "00000000",
                encoded(ReplyStyle.STRUCTURED, (e, out) -> e.done(out, request)));
        assertEquals(
                "668e33ef0001800101020304050607080000000800000016" + "0002" + "6e6f",
                encoded(
                        ReplyStyle.STRUCTURED,
                        (e, out) -> e.error(out, request, NbdError.EINVAL, "no")));
        assertEquals(
                "668e33ef" + "0000" + "0001" + "0102030405060708" + "00001008" + "0000000000001000",
                encoded(
                        ReplyStyle.STRUCTURED,
                        (e, out) -> e.data(out, request, false, 4096, 4096)));
        assertEquals(
                "6e8a278c00010002010203040506070800000000000010000000000000"
                        + "00000c000000000000200000001000",
                encoded(ReplyStyle.EXTENDED, (e, out) -> e.hole(out, request, true, 8192, 4096)));
    }

    @Test
    void statusMergesEqualNeighboursAndStopsAtTheRange() {
        var query = new StatusQuery(0, 100, false, ALL);
        var chunk = new StatusChunk(MetaContext.BASE_ALLOCATION, query);
        chunk.add(10, true, false);
        chunk.add(20, true, true);
        chunk.add(30, false, false);
        chunk.add(1000, true, false);
        chunk.add(10, true, false);
        assertEquals(3, chunk.count());
        assertEquals(List.of(30L, 30L, 40L), lengths(chunk));
        assertEquals(3, chunk.flags(1));
        var one = new StatusChunk(MetaContext.COPPICE_SHARED, new StatusQuery(0, 100, true, ALL));
        one.add(10, true, false);
        one.add(20, false, false);
        one.add(20, true, true);
        one.add(20, true, false);
        assertEquals(List.of(30L), lengths(one));
        assertEquals(
                "668e33ef"
                        + "0001"
                        + "0005"
                        + "0000000000000000"
                        + "0000000c"
                        + "00000002"
                        + "0000001e"
                        + "00000000",
                encoded(
                        ReplyStyle.STRUCTURED,
                        (e, out) -> e.status(out, new Request(8, 7, 0, 0, 100), true, one)));
    }

    /// Merging against the naive way: one flag per byte.
    @Test
    void statusEqualsItsNaiveTwin() {
        var random = new Random(5);
        for (int round = 0; round < 500; round++) {
            int asked = 1 + random.nextInt(60);
            var chunk =
                    new StatusChunk(
                            MetaContext.BASE_ALLOCATION, new StatusQuery(0, asked, false, ALL));
            var naive = new StringBuilder();
            while (naive.length() < asked) {
                int length = 1 + random.nextInt(9);
                boolean mapped = random.nextBoolean();
                chunk.add(length, mapped, random.nextBoolean());
                naive.append((mapped ? "0" : "3").repeat(length));
            }
            naive.setLength(asked);
            var told = new StringBuilder();
            for (int i = 0; i < chunk.count(); i++) {
                told.append(String.valueOf(chunk.flags(i)).repeat((int) chunk.length(i)));
            }
            assertEquals(naive.toString(), told.toString());
        }
    }

    // Columns: command, flags, offset, length, read-only, error or nothing; extended style.
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 4096, false,",
        "0, 1, 0, 4096, false,",
        "0, 4, 0, 4096, false,",
        "0, 2, 0, 4096, false, EINVAL",
        "0, 32, 0, 4096, false, EINVAL",
        "0, 0, 9999999, 2, false, EINVAL",
        "0, 0, 9223372036854775807, 4096, false, EINVAL",
        "0, 0, -1, 4096, false, EINVAL",
        "0, 0, 0, -1, false, EINVAL",
        "1, 33, 0, 4096, false,",
        "1, 0, 0, 4096, false, EINVAL",
        "1, 32, 0, 4096, true, EPERM",
        "1, 32, 0, 40000000, false, EINVAL",
        "1, 32, 9999999, 2, false, ENOSPC",
        "3, 0, 0, 0, false,",
        "3, 1, 0, 0, true,",
        "3, 8, 0, 0, false, EINVAL",
        "4, 1, 0, 10000000, false,",
        "4, 0, 0, 10000001, false, EINVAL",
        "4, 0, 0, 4096, true, EPERM",
        "5, 0, 0, 4096, true,",
        "5, 0, 0, 10000001, false, EINVAL",
        "6, 2, 0, 10000000, false,",
        "6, 16, 0, 10000000, false,",
        "6, 16, 0, 5000, false, ENOTSUP",
        "6, 18, 0, 4096, false, ENOTSUP",
        "6, 0, 0, 10000001, false, ENOSPC",
        "6, 0, 0, 4096, true, EPERM",
        "7, 8, 0, 4096, false,",
        "7, 0, 0, 0, false, EINVAL",
        "7, 0, 0, 10000001, false, EINVAL",
        "8, 0, 0, 4096, false, EINVAL",
        "65535, 0, 0, 4096, false, EINVAL",
    })
    void rules(
            int command, int flags, long offset, long length, boolean readOnly, NbdError expected) {
        var request = new Request(flags, command, 1, offset, length);
        var refusal = RequestRules.check(request, ReplyStyle.EXTENDED, SIZE, readOnly, ALL);
        assertEquals(expected, refusal == null ? null : refusal.error());
    }

    @Test
    void rulesThatDependOnTheStyle() {
        var dontFragment = new Request(4, 0, 1, 0, 4096);
        assertEquals(
                NbdError.EINVAL, refused(dontFragment, ReplyStyle.SIMPLE, ALL), "DF needs chunks");
        var status = new Request(0, 7, 1, 0, 4096);
        assertEquals(NbdError.EINVAL, refused(status, ReplyStyle.SIMPLE, ALL));
        assertEquals(NbdError.EINVAL, refused(status, ReplyStyle.STRUCTURED, Set.of()));
        assertNull(refused(status, ReplyStyle.STRUCTURED, ALL));
        assertNull(refused(new Request(0, 1, 1, 0, 4096), ReplyStyle.STRUCTURED, ALL));
        var giantRead = new Request(0, 0, 1, 0, 33L << 20);
        var refusal =
                RequestRules.check(giantRead, ReplyStyle.STRUCTURED, 1L << 40, false, Set.of());
        assertEquals(NbdError.EOVERFLOW, refusal == null ? null : refusal.error());
    }

    private static @Nullable NbdError refused(
            Request request, ReplyStyle style, Set<MetaContext> contexts) {
        var refusal = RequestRules.check(request, style, SIZE, false, contexts);
        return refusal == null ? null : refusal.error();
    }

    private static List<Long> lengths(StatusChunk chunk) {
        return java.util.stream.IntStream.range(0, chunk.count()).mapToObj(chunk::length).toList();
    }

    private interface Encoding {
        void write(ReplyEncoder encoder, ByteBuf out);
    }

    private static String encoded(ReplyStyle style, Encoding encoding) {
        var out = Unpooled.buffer();
        encoding.write(new ReplyEncoder(style), out);
        return ByteBufUtil.hexDump(out);
    }

    private static ByteBuf option(int code, ByteBuf data) {
        return Unpooled.buffer()
                .writeLong(Protocol.OPTION_MAGIC)
                .writeInt(code)
                .writeInt(data.readableBytes())
                .writeBytes(data);
    }

    private static ByteBuf bytes(String hex) {
        return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replace(" ", "")));
    }
}

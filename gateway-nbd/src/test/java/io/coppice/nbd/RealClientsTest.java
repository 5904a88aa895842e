package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The gateway as the usual NBD clients see it. Each of them must be installed.
class RealClientsTest {
    private static final long MIB = 1 << 20;

    private NbdFixture nbd;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture();
    }

    @AfterEach
    void stop() throws IOException {
        nbd.close();
    }

    @Test
    void nbdinfoListsWhatIsPromised() {
        nbd.exports.add("disk", 64 * MIB);
        String info = Tool.run("nbdinfo", "--json", nbd.uri("disk"));
        for (String promised :
                new String[] {
                    "\"protocol\": \"newstyle-fixed\"",
                    "\"structured\": true",
                    "\"export-size\": 67108864",
                    "\"is_read_only\": false",
                    "\"can_cache\": true",
                    "\"can_df\": true",
                    "\"can_fast_zero\": true",
                    "\"can_flush\": true",
                    "\"can_fua\": true",
                    "\"can_multi_conn\": true",
                    "\"can_trim\": true",
                    "\"can_zero\": true",
                    "\"block_size_minimum\": 1",
                    "\"block_size_preferred\": 4096",
                    "\"block_size_maximum\": 33554432",
                    "\"base:allocation\"",
                    "\"coppice:shared\""
                }) {
            assertTrue(info.contains(promised), () -> promised + " not in\n" + info);
        }
    }

    @Test
    void snapshotsOpenReadOnlyAndAreNotListed() {
        nbd.exports.add("disk", MIB);
        nbd.exports.add("disk@monday", MIB);
        String list = Tool.run("nbdinfo", "--list", "nbd+unix://?socket=" + nbd.socket());
        assertTrue(list.contains("export=\"disk\""), list);
        assertFalse(list.contains("monday"), list);
        String info = Tool.run("nbdinfo", nbd.uri("disk@monday"));
        assertTrue(info.contains("is_read_only: true"), info);
        Tool.python(
                nbd,
                "disk@monday",
                """
                h.set_strict_mode(0)
                h.connect_uri(uri)
                for write in (lambda: h.pwrite(b'x', 0), lambda: h.trim(512, 0),
                              lambda: h.zero(512, 0)):
                    try:
                        write()
                        assert False
                    except nbd.Error as e:
                        assert e.errnum == errno.EPERM, e
                assert h.pread(512, 0) == bytes(512)
                """);
    }

    @Test
    void unknownExportIsToldByName() {
        var ended = Tool.tryRun("qemu-img", "info", nbd.uri("nothing"));
        assertEquals(1, ended.status());
        assertTrue(ended.output().contains("there is no volume 'nothing'"), ended.output());
    }

    @Test
    void nbdcopyInAndOutKeepsBytesAndHoles() throws IOException {
        var device = nbd.exports.add("disk", 32 * MIB);
        Path source = nbd.folder.resolve("source");
        Path target = nbd.folder.resolve("target");
        byte[] bytes = sparseBytes(32 * MIB);
        Files.write(source, bytes);
        Tool.run("nbdcopy", "--connections=3", source.toString(), nbd.uri("disk"));
        Tool.run("nbdcopy", "--connections=3", nbd.uri("disk"), target.toString());
        assertArrayEquals(bytes, Files.readAllBytes(target));
        assertTrue(device.blocks.size() < 17 * MIB / 4096, "holes became data");
        assertFalse(device.sawForeignThread, "a call came from another thread than the device's");
        String map = Tool.run("nbdinfo", "--map", "--totals", nbd.uri("disk"));
        assertTrue(map.contains("hole,zero"), map);
    }

    @Test
    void qemuConvertsAndCompares() throws IOException {
        nbd.exports.add("disk", 16 * MIB);
        Path source = nbd.folder.resolve("source");
        Files.write(source, sparseBytes(16 * MIB));
        String target = "nbd+unix:///disk?socket=" + nbd.socket();
        Tool.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source.toString(), target);
        Tool.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), target);
        String map = Tool.run("qemu-img", "map", "--output=json", "-f", "raw", target);
        assertTrue(map.contains("\"data\": false"), map);
        NbdFixture.await("closed", () -> nbd.server.exportCount() == 0);
    }

    @Test
    void qemuIoReadsWritesAndDiscards() {
        var device = nbd.exports.add("disk", 16 * MIB);
        String said =
                Tool.run(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -P 7 1k 3M",
                        "-c",
                        "read -P 7 1k 3M",
                        "-c",
                        "write -z -u 1M 1M",
                        "-c",
                        "read -P 0 1M 1M",
                        "-c",
                        "discard 2M 1M",
                        "-c",
                        "write -f -P 9 5M 64k",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 9 5M 64k",
                        nbd.uri("disk"));
        assertFalse(said.contains("Pattern verification failed"), said);
        assertTrue(device.flushes > 0);
        assertTrue(device.largestWrite >= 4096 && device.largestWrite <= MIB, "pieces of 1 MiB");
    }

    @Test
    void fioVerifiesRandomWritesOverThreeConnections() {
        nbd.exports.add("disk", 32 * MIB);
        String said =
                Tool.run(
                        "fio",
                        "--name=verify",
                        "--ioengine=nbd",
                        "--uri=" + nbd.uri("disk"),
                        "--rw=randwrite",
                        "--bsrange=512-1M",
                        "--size=10M",
                        "--offset_increment=10M",
                        "--numjobs=3",
                        "--iodepth=16",
                        "--verify=crc32c",
                        "--verify_fatal=1",
                        "--do_verify=1",
                        "--fsync=64",
                        "--verify_state_save=0");
        assertTrue(said.contains("err= 0"), said);
    }

    @Test
    void statusOfBothContexts() {
        var device = nbd.exports.add("disk", MIB);
        Tool.python(
                nbd,
                "disk",
                "h.connect_uri(uri)\nh.pwrite(b'1'*8192, 4096)\nh.pwrite(b'2'*4096, 65536)\n");
        device.shared.add(2L);
        Tool.python(
                nbd,
                "disk",
                """
                h.add_meta_context('base:allocation')
                h.add_meta_context('coppice:shared')
                h.connect_uri(uri)
                seen = {}
                def extent(context, offset, entries, error):
                    seen[context] = entries
                h.block_status(1<<20, 0, extent)
                assert seen['base:allocation'] == [
                    4096, 3, 8192, 0, 53248, 3, 4096, 0, (1<<20) - 69632, 3], seen
                assert seen['coppice:shared'] == [8192, 0, 4096, 1, (1<<20) - 12288, 0], seen
                h.block_status(65536, 4096, extent, nbd.CMD_FLAG_REQ_ONE)
                assert seen['base:allocation'] == [8192, 0], seen
                assert seen['coppice:shared'] == [4096, 0], seen
                h.block_status(100, 4000, extent, nbd.CMD_FLAG_REQ_ONE)
                assert seen['base:allocation'] == [96, 3], seen
                """);
    }

    @Test
    void wrongRequestsGetTheirErrorAndTheConnectionLives() {
        nbd.exports.add("disk", MIB + 512);
        Tool.python(
                nbd,
                "disk",
                """
                h.set_strict_mode(0)
                h.connect_uri(uri)
                end = (1<<20) + 512
                def fails(number, call):
                    try:
                        call()
                    except nbd.Error as e:
                        assert e.errnum == number, (number, e)
                        return
                    assert False, number
                fails(errno.EINVAL, lambda: h.pread(512, end))
                fails(errno.EINVAL, lambda: h.pread(2, end - 1))
                fails(errno.EINVAL, lambda: h.pread(512, (1<<63) + 1))
                fails(errno.ENOSPC, lambda: h.pwrite(bytes(512), end - 511))
                fails(errno.ENOSPC, lambda: h.zero(512, end - 511))
                fails(errno.EINVAL, lambda: h.trim(512, end - 511))
                fails(errno.EINVAL, lambda: h.cache(512, end - 511))
                fails(errno.EINVAL, lambda: h.block_status(512, 0, lambda *a: 0))
                fails(errno.EINVAL, lambda: h.pread(512, 0, 1 << 9))
                fails(errno.EINVAL, lambda: h.trim(512, 0, nbd.CMD_FLAG_NO_HOLE))
                fails(errno.ENOSPC, lambda: h.pwrite(bytes(33554432), 4096))
                fails(errno.EINVAL, lambda: h.pwrite(bytes(33554432 + 4096), 0))
                fails(errno.ENOTSUP, lambda: h.zero(
                    4096, 0, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE))
                fails(errno.ENOTSUP, lambda: h.zero(4000, 0, nbd.CMD_FLAG_FAST_ZERO))
                h.zero(4096, 0, nbd.CMD_FLAG_FAST_ZERO)
                h.zero(512, 1<<20, nbd.CMD_FLAG_FAST_ZERO)
                h.cache(512, 0)
                h.pwrite(b'abc', end - 3, nbd.CMD_FLAG_FUA)
                assert h.pread(3, end - 3) == b'abc'
                assert h.pread(5, end - 5, nbd.CMD_FLAG_DF) == bytes(2) + b'abc'
                h.flush()
                """);
    }

    @Test
    void simpleRepliesWhenNothingElseWasAsked() {
        nbd.exports.add("disk", 8 * MIB);
        Tool.python(
                nbd,
                "disk",
                """
                h.set_request_structured_replies(False)
                h.set_strict_mode(0)
                h.connect_uri(uri)
                assert not h.get_structured_replies_negotiated()
                data = os.urandom(3 << 20)
                h.pwrite(data, 12345)
                assert h.pread(3 << 20, 12345) == data
                assert h.pread(8 << 20, 0) == bytes(12345) + data + bytes((5 << 20) - 12345)
                try:
                    h.pread(4096, 8 << 20)
                    assert False
                except nbd.Error as e:
                    assert e.errnum == errno.EINVAL
                h.flush()
                """);
    }

    @Test
    void oldWayToChooseAnExport() {
        nbd.exports.add("disk", 8 * MIB);
        for (String flags : new String[] {"nbd.HANDSHAKE_FLAG_FIXED_NEWSTYLE", "3", "0"}) {
            Tool.python(
                    nbd,
                    "disk",
                    """
                    h.set_handshake_flags(FLAGS)
                    h.set_opt_mode(False)
                    h.set_request_structured_replies(False)
                    h.set_export_name('disk')
                    h.connect_unix(sock)
                    assert h.get_size() == 8 << 20
                    h.pwrite(b'x' * 512, 0)
                    assert h.pread(512, 0) == b'x' * 512
                    """
                            .replace("FLAGS", flags));
        }
    }

    @Test
    void optionsOneByOne() {
        nbd.exports.add("disk", 8 * MIB);
        nbd.exports.add("other", 4 * MIB);
        Tool.python(
                nbd,
                "disk",
                """
                h.set_opt_mode(True)
                h.connect_unix(sock)
                names = []
                assert h.opt_list(lambda name, description: names.append(name)) == 2
                assert names == ['disk', 'other'], names
                h.set_export_name('other')
                h.set_full_info(True)
                h.opt_info()
                assert h.get_size() == 4 << 20
                assert h.get_export_description() == 'Coppice volume'
                assert h.get_canonical_export_name() == 'other'
                for queries, wanted in (
                        ([], ['base:allocation', 'coppice:shared']),
                        (['base:'], ['base:allocation']),
                        (['coppice:'], ['coppice:shared']),
                        (['x-unknown:'], []),
                        (['base:nothing', 'coppice:shared'], ['coppice:shared'])):
                    h.clear_meta_contexts()
                    for query in queries:
                        h.add_meta_context(query)
                    found = []
                    h.opt_list_meta_context(found.append)
                    assert found == wanted, (queries, found)
                h.clear_meta_contexts()
                h.set_export_name('disk')
                h.add_meta_context('coppice:shared')
                h.opt_go()
                assert h.get_size() == 8 << 20
                assert h.can_meta_context('coppice:shared')
                assert not h.can_meta_context('base:allocation')
                """);
    }

    @Test
    void tcpWorksToo() throws IOException {
        nbd.exports.add("disk", 8 * MIB);
        var tcp = (java.net.InetSocketAddress) nbd.server.addresses().get(1);
        String info = Tool.run("nbdinfo", "nbd://127.0.0.1:" + tcp.getPort() + "/disk");
        assertTrue(info.contains("export-size: 8388608"), info);
    }

    /// Runs of data and holes of a few blocks each, the same every time.
    private static byte[] sparseBytes(long size) {
        var random = new Random(42);
        var bytes = new byte[(int) size];
        for (int at = 0; at < bytes.length; ) {
            int run = Math.min(bytes.length - at, (1 + random.nextInt(64)) * 4096);
            if (random.nextBoolean()) {
                var data = new byte[run];
                random.nextBytes(data);
                System.arraycopy(data, 0, bytes, at, run);
            }
            at += run;
        }
        return bytes;
    }
}

package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "4096B, 4096",
        "1K, 1024",
        "1k, 1024",
        "10G, 10737418240",
        "512MiB, 536870912",
        "1.5T, 1649267441664",
        "1TB, 1000000000000",
        "7EiB, 8070450532247928832",
        "2 GiB, 2147483648"
    })
    void readsWhatPeopleWrite(String text, long bytes) {
        assertEquals(bytes, Sizes.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "G",
                "10X",
                "ten",
                "1e9",
                "0x10",
                "1.5",
                "-1",
                "-10G",
                "8EiB",
                "9999999999999999999999"
            })
    void refusesWhatIsNoSize(String text) {
        CliException refused = assertThrows(CliException.class, () -> Sizes.parse(text));
        assertEquals(ExitCode.USAGE, refused.exitCode());
        assertTrue(
                refused.getMessage().startsWith("invalid size '" + text + "'"),
                refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | a volume has at least one block of 4096 bytes",
                "-4096 | it is negative",
                "4097 | it is not a multiple of 4096; the nearest are 4096 or 8192",
                "1 | it is not a multiple of 4096; the nearest is 4096",
                "9223372036854775807 | it is not a multiple of 4096; the nearest is 9223372036854771712",
                "8EiB | it is larger than 8 EiB - 4 KiB, the largest size of a volume"
            })
    void saysWhyAVolumeCannotHaveThatSize(String text, String why) {
        CliException refused = assertThrows(CliException.class, () -> Sizes.parseVolume(text));
        assertEquals("invalid size '" + text + "': " + why, refused.getMessage());
    }

    @Test
    void takesTheLargestVolume() {
        assertEquals(Long.MAX_VALUE - 4095, Sizes.parseVolume("9223372036854771712"));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "10737418240, 10 GiB",
        "1649267441664, 1.5 TiB",
        "9223372036854771712, 8 EiB"
    })
    void showsSizesShortly(long bytes, String shown) {
        assertEquals(shown, Sizes.show(bytes));
    }
}

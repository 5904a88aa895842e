package io.coppice.planted;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.ToolProvider;

/// Compiles a changed source: its classes take the place of the built ones where they come first.
/// Production code has no switch for this.
public final class Graft {
    private Graft() {}

    /// @param root of the repository
    /// @param into a directory for the classes
    /// @throws IOException when the change does not fit the source, or does not compile
    public static void compile(Planted planted, Path root, Path into) throws IOException {
        Path file = root.resolve(planted.file());
        Path changed = into.resolve(String.valueOf(file.getFileName()));
        Files.writeString(changed, changed(planted, Files.readString(file)));
        compile(changed, into);
    }

    /// The source with the bug in it.
    ///
    /// @throws IOException when what it stands for is not there, or not once
    static String changed(Planted planted, String source) throws IOException {
        int at = source.indexOf(planted.code());
        if (at < 0 || source.indexOf(planted.code(), at + 1) >= 0) {
            throw new IOException(
                    "planted bug '"
                            + planted.name()
                            + "' fits "
                            + planted.file()
                            + (at < 0 ? " nowhere" : " more than once")
                            + ": adapt it to the code");
        }
        return source.replace(planted.code(), planted.bug());
    }

    private static void compile(Path source, Path to) throws IOException {
        var compiler = ToolProvider.getSystemJavaCompiler();
        var said = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            var options =
                    List.of(
                            "-d",
                            to.toString(),
                            "-proc:none",
                            "-nowarn",
                            "-cp",
                            System.getProperty("java.class.path"));
            var units = files.getJavaFileObjects(source);
            if (!compiler.getTask(said, files, null, options, null, units).call()) {
                throw new IOException("a planted bug does not compile: " + said);
            }
        }
    }
}

import Foundations
import Machine
import VFS

/// Opens the console as programs have it while no terminal is connected to it.
final class TemporaryConsoleOpener: SpecialFileOpener {
  override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    try TemporaryConsole(request, inode)
  }
}

/// A console that shows what is written to it, and from which nothing can be read.
final class TemporaryConsole: OpenFile {
  override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    var total = 0
    while buffer.remaining > 0 {
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      let count = try buffer.read(into: &span)
      if count == 0 { break }
      Consoles.write(bytes.span.extracting(0..<count))
      total += count
    }
    return total
  }
}

import Foundations
import Machine
import VFS

final class TemporaryConsoleOpener: SpecialFileOpener {
  override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    try TemporaryConsole(request, inode)
  }
}

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

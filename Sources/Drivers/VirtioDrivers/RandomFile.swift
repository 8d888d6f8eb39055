import DeviceFiles
import DriverKit
import Foundations
import Machine
import SyntheticFiles
import VFS

/// Answers programs that read `/dev/hwrng`: bytes of the source that is current, past the kernel's own generator.
///
/// It is there while there is a source, and belongs to none. Source: Linux Documentation/admin-guide/hw_random.rst.
final class RandomServer: DeviceFileServer {
  /// Number 10, 183 is that of hardware's random numbers. Source: Linux Documentation/admin-guide/devices.txt, 10 char.
  private static var number: (major: UInt32, minor: UInt32) { (10, 183) }

  /// The file as programs find it.
  static var template: DeviceFileTemplate {
    var template = DeviceFileTemplate("hwrng", .plain, .fixed(number.major), driver: "misc", className: "misc")
    template.firstMinor = number.minor
    (template.systemName, template.isVirtual) = ("hw_random", true)
    template.isOptional = true
    return template
  }

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile { try RandomFile(request, inode, server: self) }

  /// As Linux 6.1 has them: drivers/char/hw_random/core.c.
  override func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {
    try directory.add("rng_available") { text in RandomSources.writeNames(to: &text) }
    try directory.add(
      "rng_current", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in
        guard let source = RandomSources.current else { return text.write("none\n") }
        text.write(source.name)
        text.write("\n")
      }, accepts: { (text: Span<UInt8>) throws(Errno) in try RandomSources.choose(Self.line(text)) })
    try directory.add("rng_selected") { text in text.write(RandomSources.isChosen ? "1\n" : "0\n") }
    try directory.add(
      "rng_quality", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in
        guard let quality = RandomSources.quality else { throw .ENODEV }
        text.write(decimal: UInt64(quality))
        text.write("\n")
      }, accepts: { (text: Span<UInt8>) throws(Errno) in try Self.acceptQuality(text) })
  }

  /// `text` without the newline behind it.
  @_lifetime(copy text)
  private static func line(_ text: Span<UInt8>) -> Span<UInt8> {
    text.extracting(0..<(text.count > 0 && text[text.count - 1] == 0x0a ? text.count - 1 : text.count))
  }

  private static func acceptQuality(_ text: Span<UInt8>) throws(Errno) {
    // Linux wants a newline behind a single digit, too.
    guard text.count >= 2, let quality = NumberText.integer(line(text)) else { throw .EINVAL }
    guard quality <= UInt64(RandomChoice.bestQuality) else { throw .EINVAL }
    try RandomSources.setQuality(UInt16(truncatingIfNeeded: quality))
  }
}

/// `/dev/hwrng` while a program has it open.
private final class RandomFile: OpenDeviceFile {
  init(_ request: OpenRequest, _ inode: Inode, server: RandomServer) throws(Errno) {
    try super.init(request, inode, server: server)
  }

  override func readDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var total = 0
    while buffer.remaining > 0 {
      let request = RandomRequest(count: buffer.remaining, waitsForDevice: !isNonblocking)
      do throws(Errno) {
        let count = try server.perform(request)
        total += try request.write(count, into: &buffer)
      } catch {
        // What has been read counts; the error comes again.
        guard total > 0 else { throw error }
        return total
      }
    }
    return total
  }
}

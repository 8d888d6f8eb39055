import DeviceFiles
import DriverKit
import Foundations
import Machine
import VFS

/// Answers programs that use `/dev/edu`: a number that is written is computed by the device, and read back.
final class EducationalServer: DeviceFileServer {
  /// Makes the file.
  ///
  /// - Throws: `ENOMEM`, `EEXIST` while another such device has it.
  static func publish(through context: DriverContext) throws(Errno) {
    let device = context.device
    try context.outside { () throws(Errno) in
      let files = DeviceFilePublication(EducationalServer(DriverLink(device)))
      try files.add(DeviceFileTemplate("edu", .plain, .dynamic, driver: "edu", className: "misc"))
      _ = try files.publish(through: context)
    }
  }

  /// The last answer, and how much of it has been read.
  private let answer = SpinLock<(text: Message, readCount: Int)>(("", 0))

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile { try EducationalFile(request, inode, server: self) }

  /// Has the device compute the factorial of `number`.
  func compute(_ number: UInt32) throws(Errno) {
    let result = try perform(FactorialRequest(of: number))
    answer.withLock { $0 = ("\(UInt64(UInt32(truncatingIfNeeded: result)))\n", 0) }
  }

  /// The last answer, of which nothing has been read `noteRead` has not been told of.
  var unread: (text: Message, readCount: Int) { answer.withLock { $0 } }

  /// Notes that `count` more bytes were read.
  func noteRead(_ count: Int) { answer.withLock { $0.readCount = min($0.text.count, $0.readCount + count) } }
}

/// `/dev/edu` while a program has it open.
private final class EducationalFile: OpenDeviceFile {
  private let educational: EducationalServer

  init(_ request: OpenRequest, _ inode: Inode, server: EducationalServer) throws(Errno) {
    educational = server
    try super.init(request, inode, server: server)
  }

  override func readDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    let (text, start) = educational.unread
    guard start < text.count else { return 0 }
    let count = try buffer.write(text.bytes.extracting(start..<text.count))
    educational.noteRead(count)
    return count
  }

  override func writeDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    let count = try buffer.read(into: &span)
    guard let number = Self.number(bytes.span.extracting(0..<count)) else { throw .EINVAL }
    try educational.compute(number)
    return count
  }

  /// The number that decimal digits are, with the end of a line behind them or not.
  private static func number(_ text: Span<UInt8>) -> UInt32? {
    var number: UInt32?
    for index in text.indices {
      if text[index] == 0x0a, index == text.count - 1 { break }
      guard (0x30...0x39).contains(text[index]) else { return nil }
      let (tens, isTooLarge) = (number ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeToo) = tens.addingReportingOverflow(UInt32(text[index] - 0x30))
      guard !isTooLarge, !isTooLargeToo else { return nil }
      number = sum
    }
    return number
  }
}

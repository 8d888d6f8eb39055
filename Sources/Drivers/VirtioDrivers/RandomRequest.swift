public import DriverKit
import Foundations
import Machine
import VFS

/// Asks a source of random numbers for bytes.
public final class RandomRequest: DriverRequest {
  /// How many one request asks for at most.
  public static let limit = 256

  /// How many are wanted, 1...`limit`.
  public let count: Int
  /// Whether it waits for the device; otherwise it fails with `EAGAIN` when there are none yet.
  public let waitsForDevice: Bool
  private let bytes = SpinLock(InlineArray<256, UInt8>(repeating: 0))

  /// Asks for `count` bytes; for fewer, if that is more than one request may ask for.
  public init(count: Int, waitsForDevice: Bool = true) {
    self.count = max(1, min(count, Self.limit))
    self.waitsForDevice = waitsForDevice
    // Other bytes are as good.
    super.init(isRepeatable: true)
  }

  /// Ends it with `new`, of which there may be fewer than are wanted.
  func finish(_ new: Span<UInt8>) {
    let count = min(new.count, count)
    bytes.withLock { bytes in Self.copy(new, count, to: &bytes) }
    complete(.success(count))
  }

  private static func copy(_ new: Span<UInt8>, _ count: Int, to bytes: inout InlineArray<256, UInt8>) {
    for index in 0..<count { bytes[index] = new[index] }
  }

  /// Byte number `index` of the answer; 0 for one that was not given.
  public func byte(at index: Int) -> UInt8 {
    guard index >= 0, index < Self.limit else { return 0 }
    return bytes.withLock { $0[index] }
  }

  /// Puts the first `count` bytes of the answer into `buffer`.
  func write(_ count: Int, into buffer: inout IOBuffer) throws(Errno) -> Int {
    // A copy: memory of a program is not touched under a lock.
    let bytes = bytes.withLock { $0 }
    return try buffer.write(bytes.span.extracting(0..<max(0, min(count, Self.limit))))
  }
}

/// Those who want random numbers, in the order in which they get them.
///
/// Context: one thread at a time.
struct RandomReaders: ~Copyable {
  private var requests = GrowableArray<RandomRequest>()

  /// - Throws: `ENOMEM`.
  mutating func add(_ request: RandomRequest) throws(Errno) { try requests.append(request) }

  /// Ends the requests that `take` has bytes for, and those that do not wait for more.
  ///
  /// - Parameter take: puts up to so many bytes into the array, and says how many.
  mutating func satisfy(_ take: (Int, inout InlineArray<256, UInt8>) -> Int) {
    while requests.count > 0 {
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      let count = take(requests[0].count, &bytes)
      guard count > 0 else { return refuse() }
      let request = requests.remove(at: 0)
      request.finish(bytes.span.extracting(0..<min(count, RandomRequest.limit)))
    }
  }

  private mutating func refuse() {
    var index = 0
    while index < requests.count {
      if requests[index].waitsForDevice { index += 1 } else { requests.remove(at: index).complete(.failure(.EAGAIN)) }
    }
  }
}

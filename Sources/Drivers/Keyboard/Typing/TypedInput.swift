import Foundations

/// What was typed with the lock held, to be given to the listener without it.
struct TypedInput: ~Copyable {
  private static let capacity = 128
  private static let requestCapacity = 8

  private var bytes = InlineArray<128, UInt8>(repeating: 0)
  private var count = 0
  private var requests = InlineArray<8, KeyboardRequest>(repeating: .lookBack)
  private var requestCount = 0

  /// Whether another key's text and request fit.
  var hasRoom: Bool { count + KeyText.capacity <= Self.capacity && requestCount < Self.requestCapacity }

  mutating func append(_ text: KeyText) {
    for index in 0..<text.count where count < Self.capacity {
      bytes[count] = text[index]
      count += 1
    }
  }

  mutating func append(_ request: KeyboardRequest) {
    guard requestCount < Self.requestCapacity else { return }
    requests[requestCount] = request
    requestCount += 1
  }

  /// Gives all to `listener`.
  func deliver(to listener: KeyboardListener) {
    if count > 0 { listener.type(bytes.span.extracting(0..<count)) }
    for index in 0..<requestCount { listener.perform(requests[index]) }
  }
}

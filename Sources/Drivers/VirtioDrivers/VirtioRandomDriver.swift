import DriverKit
import Foundations
import Logging
import Machine
import Security
import Virtio

/// The driver of a virtual machine's source of random numbers: it feeds the kernel's own generator, and `/dev/hwrng`.
final class VirtioRandomDriver: VirtioDriver {
  /// How often the kernel's generator gets new entropy, in nanoseconds.
  private static let interval: UInt64 = 60_000_000_000

  private var random: VirtioRandom?
  private let sink = PoolSink()
  /// What programs want and there was nothing for.
  private var readers = RandomReaders()
  private var nextFeeding: UInt64 = 0

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let random = try VirtioRandom(transport, sink: sink, pacer: pacer)
    self.random = random
    let interrupts = try random.start(messageCount: messageCount)
    do throws(Errno) { try RandomSource.publish(through: context) } catch {
      context.log(.warning, "programs cannot read it: error \(error.rawValue)")
    }
    nextFeeding = context.nanoseconds &+ Self.interval
    try watch(context)
    return interrupts
  }

  override func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    guard let random else { throw .stopped }
    let interrupts = try random.start(messageCount: messageCount)
    try watch(context)
    return interrupts
  }

  override var virtio: VirtioDevice? { random?.device }
  override func handleConfigurationChange() throws(VirtioError) { try random?.handleConfigurationChange() }
  override func end(isGone: Bool) throws(VirtioError) { try random?.stop(isGone: isGone) }

  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    let hasMore = try random?.handleQueue(number) ?? false
    satisfy()
    return hasMore
  }

  override func didHandleQueues(_ context: DriverContext) throws(VirtioError) { try watch(context) }

  override func timer(_ context: DriverContext) throws(Errno) {
    if context.nanoseconds >= nextFeeding {
      nextFeeding = context.nanoseconds &+ Self.interval
      sink.want()
      do throws(VirtioError) { try random?.refill() } catch { throw error.errno }
    }
    // What came without an interrupt that was seen is an answer, too.
    try super.timer(context)
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let request = request as? RandomRequest, let random else { return request.complete(.failure(.EINVAL)) }
    try readers.add(request)
    do throws(VirtioError) {
      // A queue that is broken is noticed now, whatever is left in the pool.
      _ = try random.handleQueue(0)
      satisfy()
      try watch(context)
    } catch {
      throw error.errno
    }
  }

  /// Gives what there is to those who wait, and asks for more.
  private func satisfy() {
    guard let random else { return }
    readers.satisfy { count, bytes in Self.read(random, count, &bytes) }
  }

  private static func read(_ random: VirtioRandom, _ count: Int, _ bytes: inout InlineArray<256, UInt8>) -> Int {
    var span = bytes.mutableSpan
    return random.read(into: &span, limit: count)
  }

  /// Has the timer come when the device has taken too long, or the kernel's generator is to be fed.
  private func watch(_ context: DriverContext) throws(VirtioError) {
    let now = context.nanoseconds
    let feeding = nextFeeding > now ? nextFeeding - now : 0
    let answer = try random?.checkAnswer(now: now) ?? feeding
    context.arm(after: min(answer, feeding))
  }

  override func spoil(_ turn: Int) { random?.corrupt(turn) }
}

/// The kernel's generator, as one who wants entropy now and then.
private final class PoolSink: EntropySink {
  /// As much as the generator's state.
  private static let amount = 64
  private var wanted = PoolSink.amount

  override var wantedByteCount: Int { wanted }

  override func receive(_ bytes: Span<UInt8>) {
    wanted = max(0, wanted - bytes.count)
    SystemRandom.mix(bytes)
  }

  func want() { wanted = Self.amount }
}

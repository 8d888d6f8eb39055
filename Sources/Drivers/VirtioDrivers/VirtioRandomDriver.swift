import DriverKit
import Foundations
import Machine
import Security
import Virtio

/// The driver of a virtual machine's source of random numbers: it feeds the kernel's own generator.
final class VirtioRandomDriver: VirtioDriver {
  /// How often the kernel's generator gets new entropy, in nanoseconds.
  private static let interval: UInt64 = 60_000_000_000

  private var random: VirtioRandom?
  private let sink = PoolSink()

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let random = try VirtioRandom(transport, sink: sink, pacer: pacer)
    self.random = random
    let interrupts = try random.start(messageCount: messageCount)
    context.arm(after: Self.interval)
    return interrupts
  }

  override var virtio: VirtioDevice? { random?.device }
  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool { try random?.handleQueue(number) ?? false }
  override func handleConfigurationChange() throws(VirtioError) { try random?.handleConfigurationChange() }
  override func end(isGone: Bool) throws(VirtioError) { try random?.stop(isGone: isGone) }

  override func timer(_ context: DriverContext) throws(Errno) {
    sink.want()
    do throws(VirtioError) { try random?.refill() } catch { throw error.errno }
    try super.timer(context)
    context.arm(after: Self.interval)
  }
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

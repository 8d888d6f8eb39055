import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Waiting

extension SystemCallContext {
  /// getrandom(2), which never blocks: there is enough to seed from before programs run.
  func getrandom(_ buffer: UserBuffer, _ flags: RandomFlags) throws(Errno) -> Int {
    if flags.isSuperset(of: [.GRND_RANDOM, .GRND_INSECURE]) { throw .EINVAL }
    var output = try buffer.buffer()
    return try SystemRandom.write(to: &output) { task.isInterrupted(.signals) }
  }
}

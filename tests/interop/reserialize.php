<?php
// For every line of standard input (base64 of saved data): loads it with the PHP original and prints a line of
// JSON with the base64 of what it saves again, and the arrays' shapes, dtypes and elements as hexadecimal machine bytes.
require getenv('RINDOW_PHP_AUTOLOAD');
use Interop\Polite\Math\Matrix\NDArray;
use Rindow\Math\Matrix\MatrixOperator;
use Rindow\Math\Matrix\NDArrayPhp;

NDArrayPhp::$unserializeWarning = 0;
$mo = new MatrixOperator();

function describe(mixed $value) : mixed {
    if ($value instanceof NDArray) {
        $buffer = $value->buffer();
        $item = intdiv(strlen($buffer->dump()), count($buffer));
        $bytes = substr($buffer->dump(), $value->offset() * $item, $value->size() * $item);
        return ['shape' => $value->shape(), 'dtype' => $value->dtype(), 'bytes' => bin2hex($bytes)];
    }
    $members = [];
    foreach ($value as $key => $member) {
        $members[] = [gettype($key), base64_encode((string)$key), describe($member)];
    }
    return $members;
}

while (($line = fgets(STDIN)) !== false) {
    try {
        $value = $mo->unserializeArray(base64_decode($line));
        $reply = ['saved' => base64_encode($mo->serializeArray($value)), 'value' => describe($value)];
    } catch (Throwable $e) {
        $reply = ['error' => get_class($e).': '.$e->getMessage()];
    }
    echo json_encode($reply), "\n";
}

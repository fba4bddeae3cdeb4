<?php
// Answers requests, one line of JSON each, with the PHP original: makes, trains, saves and loads models, and tells
// configurations. {"do": "train" | "load" | "weights" | "config" | "json", ...}
require getenv('RINDOW_PHP_AUTOLOAD');
use Interop\Polite\Math\Matrix\NDArray;
use Rindow\Math\Matrix\MatrixOperator;
use Rindow\NeuralNetworks\Builder\NeuralNetworks;

ini_set('memory_limit', '1G');
$mo = new MatrixOperator();
$nn = new NeuralNetworks($mo);

function layersOf($nn, array $specs) : array {
    return array_map(fn($s) => $nn->layers()->{$s[0]}(...($s[1])), $specs);
}

function lossOf($nn, array $spec) : object {
    return $nn->losses()->{$spec[0]}(...($spec[1]));
}

function optimizerOf($nn, array $spec) : object {
    return $nn->optimizers()->{$spec[0]}(...($spec[1]));
}

function compiled($nn, array $r) : object {
    $model = $nn->models()->Sequential(layersOf($nn, $r['layers']));
    $model->compile(optimizer: optimizerOf($nn, $r['optimizer']), loss: lossOf($nn, $r['loss']), metrics: ['loss']);
    return $model;
}

function weightsOf($model) : array {
    return array_map(fn($v) => $v->value()->toArray(), array_values($model->variables()));
}

function answers($mo, $model, array $r) : array {
    $x = $mo->array($r['inputs'], $r['inputs_dtype']);
    $t = $mo->array($r['tests'], $r['tests_dtype']);
    $predictions = $model->predict($x)->toArray();
    $found = ['json' => $model->toJson(), 'predictions' => $predictions, 'weights' => weightsOf($model)];
    if($r['epochs'] ?? 0) {
        $history = $model->fit($x, $t, batch_size: 4, epochs: $r['epochs'], verbose: 0, shuffle: false);
        $found['loss'] = $history['loss'];
        $found['next'] = $model->predict($x)->toArray();
    }
    return $found;
}

while(($line = fgets(STDIN)) !== false) {
    $r = json_decode($line, true);
    try {
        switch($r['do']) {
            case 'train':
                $model = compiled($nn, $r);
                answers($mo, $model, ['epochs' => 2] + $r);
                $model->save($r['file'], true);
                $model->saveWeightsToFile($r['weights'], true);
                $reply = answers($mo, $model, $r);
                break;
            case 'load':
                $model = $nn->models()->loadModel($r['file']);
                $reply = answers($mo, $model, $r);
                break;
            case 'weights':
                $model = compiled($nn, $r);
                $model->loadWeightsFromFile($r['file']);
                $reply = answers($mo, $model, $r);
                break;
            case 'resave':
                $model = $nn->models()->loadModel($r['file']);
                $model->save($r['file'], true);
                $reply = [];
                break;
            case 'config':
                $class = $r['class'];
                $reply = ['json' => json_encode((new $class($nn->backend(), ...$r['arguments']))->getConfig(), JSON_UNESCAPED_SLASHES)];
                break;
            case 'json':
                $reply = ['json' => array_map(fn($x) => json_encode(unpack('e', hex2bin($x))[1]), $r['values'])];
                break;
        }
    } catch(Throwable $e) {
        $reply = ['error' => get_class($e).': '.$e->getMessage().' in '.basename($e->getFile()).':'.$e->getLine()];
    }
    echo json_encode($reply, JSON_PRESERVE_ZERO_FRACTION | JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}
